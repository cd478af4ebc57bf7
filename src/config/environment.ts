import { loadEnvFile } from 'node:process';

import { ConfigurationError } from './configuration.error.js';
import type { Environment } from './load-configuration.js';

/**
 * The process's environment, after the `.env` file of the working directory (if there is one) was added to it. Variables that are set
 * already win over the file's. The file's variables stay in the environment, so that a pipeline's own settings may live there too.
 *
 * @throws ConfigurationError when there is a `.env` that cannot be read.
 */
export function readEnvironment(envFile = '.env'): Environment {
  try {
    loadEnvFile(envFile);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      const message = `the file ${envFile} cannot be read (${code ?? String(error)}): make it a readable text file or remove it`;
      throw new ConfigurationError([{ name: envFile, message }]);
    }
  }
  return process.env;
}
