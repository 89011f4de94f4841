import { type Finding, ok, problem } from './finding.ts';
import { findProgram, HOOK_PATH, runProgram } from './programs.ts';

const CHECK = 'tools';

/** What the hook runs, and the Debian package it comes in. */
const NEEDED: readonly { readonly name: string; readonly package: string }[] = [
  { name: 'tpm2_getcap', package: 'tpm2-tools' },
  { name: 'tpm2_pcrread', package: 'tpm2-tools' },
  { name: 'tpm2_pcrextend', package: 'tpm2-tools' },
  { name: 'timeout', package: 'coreutils' },
];

/** Whether each program that the hook runs is installed and starts. */
export async function checkTools(
  directories: readonly string[] = HOOK_PATH,
): Promise<readonly Finding[]> {
  return await Promise.all(NEEDED.map((tool) => checkTool(tool.name, tool.package, directories)));
}

async function checkTool(
  name: string,
  packageName: string,
  directories: readonly string[],
): Promise<Finding> {
  const expected = `${name} (package ${packageName})`;
  const path = findProgram(name, directories);
  if (path === undefined) {
    return problem(CHECK, `no ${name}`, expected, `apt-get install ${packageName}`);
  }
  const { stdout, exitCode, failure } = await runProgram(path, ['--version']);
  if (exitCode !== 0) {
    const found = `${path} does not run: ${failure ?? `exit code ${exitCode}`}`;
    return problem(CHECK, found, expected, `reinstall ${packageName}`);
  }
  // tpm2_getcap: tool="tpm2_getcap" version="5.4" …; timeout: timeout (GNU coreutils) 9.1
  const version = /version="([^"]*)"/.exec(stdout)?.[1] ?? /^.*?(\d+(?:\.\d+)+)/.exec(stdout)?.[1];
  return ok(CHECK, `${path} ${version ?? 'of unknown version'}`, expected);
}
