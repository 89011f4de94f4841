import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { type Finding, notSeen, problem } from './finding.ts';
import { whoElseWrites } from './ownership.ts';

const CHECK = 'ownership';
const EXPECTED = 'what decides whether the hook is called, changed by root alone';

/** Nothing for what is not there. */
export function checkOwned(files: readonly string[]): readonly Finding[] {
  return [...new Set(files)].flatMap((file) => {
    try {
      const writers = whoElseWrites(file);
      const mend = `give ${file} and the directories above it to root, mode go-w`;
      return writers === undefined ? [] : [problem(CHECK, writers, EXPECTED, mend)];
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return [];
      return [notSeen(CHECK, JSON.stringify(file), EXPECTED, error)];
    }
  });
}

/** A directory, since a file may have gone, and what is in it. */
export function filesIn(directory: string): readonly string[] {
  try {
    return [directory, ...readdirSync(directory).map((name) => join(directory, name))];
  } catch {
    return [];
  }
}
