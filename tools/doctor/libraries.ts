import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Finding, notSeen, ok, problem } from './finding.ts';
import { whoElseWrites } from './ownership.ts';

const CHECK = 'libraries';
const EXPECTED = 'libc.so.6, libstdc++.so.6 and libatomic.so.1, changed by root alone';

/**
 * The shared libraries that the executable runs with: they are part of the hook, though not of its one measured file.
 * That they are there at all is plain, or this would not run.
 */
export function checkLibraries(
  libraries: readonly string[] = loadedLibraries(),
): readonly Finding[] {
  try {
    const findings = libraries.flatMap((path) => {
      const writers = whoElseWrites(path);
      const mend = `give ${path} and the directories above it to root, mode go-w`;
      return writers === undefined ? [] : [problem(CHECK, writers, EXPECTED, mend)];
    });
    const names = libraries.map((path) => basename(path)).toSorted();
    return findings.length > 0 ? findings : [ok(CHECK, names.join(', '), EXPECTED)];
  } catch (error) {
    return [notSeen(CHECK, 'a shared library', EXPECTED, error)];
  }
}

function loadedLibraries(): readonly string[] {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const paths = maps.split('\n').map((line) => line.replace(/^(?:\S+\s+){5}/, ''));
  return [...new Set(paths.filter((path) => /^\/.*\.so(?:\.[0-9.]+)?$/.test(path)))];
}
