/** The front that Docker starts in a runtime's place, made by `install docker`. */
import { readFileSync, statSync } from 'node:fs';
import { handOverOf, isFront, onlyHandsOver } from '#tools/install/docker/front';
import { checkEntry } from './check-entry.ts';
import type { DockerRuntime } from './docker-api.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, notSeen, problem, warning } from './finding.ts';
import { type HookEntry, parseHook } from './hook-entry.ts';
import { whoElseWrites } from './ownership.ts';
import { findProgram, SEARCH_PATH } from './programs.ts';
import { checkRuntime } from './runtimes.ts';

const CHECK = 'front';
const INSTALL = 'oci-measure install docker';
const MAX_BYTES = 1024 * 1024;

/** The text of a front; undefined for any other program. */
export function readFront(path: string): string | undefined {
  try {
    if (!statSync(path).isFile() || statSync(path).size > MAX_BYTES) return undefined;
    const text = readFileSync(path, 'utf8');
    return isFront(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The hook that a front adds; undefined for one that only hands over. @throws Error for what cannot be read */
export function hookOfFront(path: string, text: string): HookEntry | undefined {
  const [, word] = / add-hook '((?:[^']|'\\'')*)' /.exec(text) ?? [];
  if (word === undefined) return undefined;
  const hook: unknown = JSON.parse(word.replaceAll(String.raw`'\''`, "'"));
  return parseHook(path, hook, { stages: ['createRuntime'], always: true });
}

/** A front that a removal left for who still calls it, and the default runtime that there is on disk. */
export function checkRemoved(
  { name, path }: DockerRuntime,
  defaultRuntime: string,
): Finding | undefined {
  if (name === defaultRuntime || !onlyHandsOver(readFront(path) ?? '')) return undefined;
  const found = `uninstalled but for ${path}, which only hands over: containers that were created for the runtime ${name} start by it, and no container calls the hook`;
  const mend = `create those containers anew, restart Docker, and then: oci-measure uninstall docker; or have containers call the hook: ${INSTALL}`;
  return warning(CHECK, found, 'a front that adds the hook, or none', mend);
}

export async function checkFront(
  path: string,
  text: string,
  setup: EngineSetup,
): Promise<readonly Finding[]> {
  return [...checkOwner(path), ...checkHook(path, text, setup), ...(await checkBehind(path, text))];
}

function checkOwner(path: string): readonly Finding[] {
  const expected = 'a front that root alone can change';
  try {
    const writers = whoElseWrites(path);
    if (writers !== undefined) {
      return [problem(CHECK, writers, expected, `give ${path} to root, mode go-w`)];
    }
    if ((statSync(path).mode & 0o111) !== 0) return [];
    return [problem(CHECK, `${path} is no program`, expected, `chmod 755 ${path}`)];
  } catch (error) {
    return [notSeen(CHECK, path, expected, error)];
  }
}

function checkHook(path: string, text: string, setup: EngineSetup): readonly Finding[] {
  const expected = 'a front that adds the hook';
  try {
    const hook = hookOfFront(path, text);
    if (hook !== undefined) return checkEntry(hook, setup);
    const found = `${path} only hands over, so containers call no hook: it was uninstalled`;
    const mend = `${INSTALL}; or to be rid of it: systemctl restart docker.service, and oci-measure uninstall docker`;
    return [problem(CHECK, found, expected, mend)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem(CHECK, `${path}: ${reason}`, expected, INSTALL)];
  }
}

/** The runtime that it hands over to. */
async function checkBehind(path: string, text: string): Promise<readonly Finding[]> {
  const expected = 'a runtime behind the front';
  const line = handOverOf(text) ?? '';
  const [, quoted, plain] = /^exec (?:'([^']*)'|(\S+)) /.exec(line) ?? [];
  const program = quoted ?? plain ?? '';
  const runtime = program.startsWith('/') ? program : findProgram(program, SEARCH_PATH);
  if (runtime === undefined || statSync(runtime, { throwIfNoEntry: false }) === undefined) {
    const found = `${path} hands over to ${JSON.stringify(program)}, which is not there`;
    return [problem(CHECK, found, expected, `install it, then: ${INSTALL}`)];
  }
  return [await checkRuntime(runtime, 'runc')];
}
