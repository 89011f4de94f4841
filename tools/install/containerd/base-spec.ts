/**
 * A base spec: what containerd makes each container's `config.json` from. Its text is changed by ranges, so that numbers beyond 2^53,
 * order and what we do not know stay.
 */
import { createHash } from 'node:crypto';
import { applyEdits, type JSONPath, modify, type Node, parseTree } from 'jsonc-parser';
import { isObject } from '#digest/json/is-object';
import { ToolError } from '#tools/errors';
import type { HookCommand } from '#tools/install/hook-command';
import { BASE_SPEC, EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR } from '#tools/install/own-places';

/** The host's path of ours in the place of another; undefined: in the place of containerd's default. */
export function baseSpecPath(site: string | undefined): string {
  if (site === undefined) return BASE_SPEC;
  const hash = createHash('sha256').update(site).digest('hex').slice(0, 12);
  return BASE_SPEC.replace(/\.json$/, `-${hash}.json`);
}

/**
 * What `ctr oci spec` says, made fit for the CRI. It limits a process to 1,024 open files, which the CRI takes from a base spec and
 * otherwise does not.
 */
export function fromDefault(text: string, hook: HookCommand): string {
  checkSpec(text, 'what `ctr oci spec` says');
  return withHook(changed(text, ['process', 'rlimits'], undefined), hook);
}

/**
 * A base spec of the site with our hook behind its own. Its limits are its own choice.
 *
 * @throws ToolError `install` if it is none
 */
export function fromSite(text: string, path: string, hook: HookCommand): string {
  checkSpec(text, path);
  const hooks = member(tryParse(text), 'hooks');
  if (!isAbsentOr(hooks, isObject) || !isAbsentOr(member(hooks, 'createRuntime'), Array.isArray)) {
    throw new ToolError(
      'install',
      `expected a list of createRuntime hooks in ${JSON.stringify(path)}`,
    );
  }
  return withHook(text, hook);
}

/** Our entry in a base spec; undefined for what has none. */
export function hookIn(text: string): HookCommand | undefined {
  return entriesOf(tryParse(text)).find(isOurHook);
}

function isOurHook({ path }: HookCommand): boolean {
  return path === EXECUTABLE || path === EXECUTABLE_BESIDE_READ_ONLY_USR;
}

function withHook(text: string, hook: HookCommand): string {
  const entries = entriesOf(tryParse(text));
  const there = entries.findIndex(isOurHook);
  const place = there === -1 ? entries.length : there;
  return changed(text, ['hooks', 'createRuntime', place], hook, there === -1);
}

function entriesOf(spec: unknown): HookCommand[] {
  const entries = member(member(spec, 'hooks'), 'createRuntime');
  return Array.isArray(entries) ? entries : [];
}

function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isAbsentOr(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function changed(text: string, path: JSONPath, value: unknown, isArrayInsertion = false): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const tabSize = /\n( +)"/.exec(text)?.[1]?.length ?? 2;
  const insertSpaces = !/\n\t+"/.test(text);
  const formattingOptions = { insertSpaces, tabSize, eol };
  return applyEdits(text, modify(text, path, value, { formattingOptions, isArrayInsertion }));
}

/** @throws ToolError `install` for what containerd would not take, or two readers would read differently */
function checkSpec(text: string, what: string): void {
  const spec = tryParse(text);
  if (!isObject(spec)) {
    throw new ToolError('install', `expected a JSON object, found none: ${JSON.stringify(what)}`);
  }
  const root = parseTree(text);
  const twice = root === undefined ? undefined : nameTwice(root);
  if (twice !== undefined) {
    throw new ToolError('install', `${JSON.stringify(what)} has ${JSON.stringify(twice)} twice`);
  }
}

function nameTwice(node: Node): string | undefined {
  const names = new Set<string>();
  for (const child of node.children ?? []) {
    const name: unknown = node.type === 'object' ? child.children?.[0]?.value : undefined;
    if (typeof name === 'string' && names.has(name)) return name;
    if (typeof name === 'string') names.add(name);
    const inside = nameTwice(child);
    if (inside !== undefined) return inside;
  }
  return undefined;
}
