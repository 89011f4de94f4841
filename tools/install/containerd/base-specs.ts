/** The base specs of a host: one for each that its handlers had. */
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { HookCommand } from '#tools/install/hook-command';
import type { Host } from '#tools/install/host';
import { fromDefault, fromSite, hookIn } from './base-spec.ts';
import { DEFAULT_SPEC } from './default-spec.ts';
import { defaultSpec, type Programs } from './engine.ts';
import type { NewText, Placed } from './place-base-specs.ts';

/** @throws ToolError `install` if the site's are none, or ctr does not say what containerd's is */
export async function makeBaseSpecs(
  host: Host,
  programs: Programs | undefined,
  placed: readonly Pick<Placed, 'baseSpec' | 'handler'>[],
  hook: HookCommand,
): Promise<NewText[]> {
  const sites = new Map(placed.map(({ baseSpec, handler }) => [baseSpec, handler.baseSpec]));
  const specs: NewText[] = [];
  for (const [path, site] of sites) {
    const text = await (site === undefined
      ? ofDefault(host, programs, path, hook)
      : fromSite(siteText(host, site), site, hook));
    specs.push({ path, text });
  }
  return specs;
}

async function ofDefault(
  host: Host,
  programs: Programs | undefined,
  path: string,
  hook: HookCommand,
): Promise<string> {
  if (programs !== undefined) return fromDefault(await defaultSpec(programs), hook);
  // Another machine's own, made there, is better than what we can say of it.
  const there = readText(host.at(path));
  const isKept = there !== undefined && hookIn(there) !== undefined;
  return isKept ? fromSite(there, path, hook) : fromDefault(DEFAULT_SPEC, hook);
}

function siteText(host: Host, path: string): string {
  const text = path.startsWith('/') ? readText(host.at(path)) : undefined;
  if (text !== undefined) return text;
  throw new ToolError('install', `containerd's base spec ${JSON.stringify(path)} is not there`);
}
