#!/usr/bin/env node
// The `telefuser` command. In a clone it runs the built server on the pinned Node, whichever Node started it; so it uses
// only syntax and modules that Node 20 has.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

const REQUIRED_NODE_MAJOR = 26;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const pinnedNode = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const isNewEnough = Number.parseInt(process.versions.node, 10) >= REQUIRED_NODE_MAJOR;

function refuse(message) {
  process.stderr.write(`telefuser: ${message}\n`);
  process.exit(2);
}

if (!existsSync(cli)) {
  refuse('the server is not built yet. Run "npm run build" (installs what is missing and builds), or "npm start".');
}

if (isNewEnough) {
  await import(pathToFileURL(cli).href);
} else if (existsSync(pinnedNode)) {
  const child = spawn(pinnedNode, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // Ctrl-C reaches every process of the terminal by itself; only other signals, and other senders', are handed on.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
  }
  child.once('error', (error) => refuse(`${pinnedNode} could not be started: ${error.message}`));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
} else {
  refuse(
    `Node ${REQUIRED_NODE_MAJOR} or newer is needed, this is ${process.version}. In a clone "npm install" brings the pinned one; elsewhere install it.`,
  );
}
