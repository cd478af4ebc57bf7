/** What a program needs of the environment to run at all, and where it is to put its temporary files: no setting of whoever runs the tests. */
export function bareEnvironment(): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }) };
}
