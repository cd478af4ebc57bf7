/** A Python interpreter that was asked about itself. (Being written.) */
export interface PythonInterpreter {
  readonly executable: string;
  readonly version: readonly number[];
  readonly readablePaths: readonly string[];
}

export function findPython(request: {
  readonly configured?: string;
  readonly folders: readonly string[];
}): Promise<PythonInterpreter> {
  return Promise.resolve({ executable: request.configured ?? 'python3', version: [3, 9, 0], readablePaths: [] });
}
