/** Base specs made anew from what they were made from: before containerd starts, as an upgrade may have brought other defaults. */
import { isDeepStrictEqual } from 'node:util';
import { applyChange, readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';
import { baseSpecPath, hookIn } from './base-spec.ts';
import { makeBaseSpecs } from './base-specs.ts';
import { type ConfigurationFile, dropInDirectory } from './configuration-files.ts';
import { DROP_IN_NAME } from './drop-in.ts';
import { findHandlers, isRunc } from './handlers.ts';
import { findInstallation } from './installation.ts';
import { ownFile } from './own-file.ts';

export interface BaseSpecDrift {
  /** The host's, of our base spec. */
  readonly path: string;
  /** `missing`: no pod can start after containerd's next start. `outdated`: what it was made from says otherwise now. */
  readonly state: 'missing' | 'outdated';
  /** What it was made from: a base spec of the site, or what `ctr oci spec` says. */
  readonly from: string;
}

/**
 * How the base specs that containerd is told to take differ from what an installation would make now.
 *
 * @throws ToolError `install` if that cannot be told
 */
export async function baseSpecDrift(host: Host): Promise<readonly BaseSpecDrift[]> {
  return (await compare(host)).flatMap(({ path, from, found, wanted }): BaseSpecDrift[] => {
    if (found === undefined) return [{ path, from, state: 'missing' }];
    return isSameSpec(found, wanted) ? [] : [{ path, from, state: 'outdated' }];
  });
}

/** @throws ToolError `install` with nothing changed, if one cannot be made; then containerd takes the one that is there */
export async function refreshBaseSpecs(host: Host): Promise<void> {
  for (const { path, found, wanted } of await compare(host)) {
    if (wanted === undefined || (found !== undefined && isSameSpec(found, wanted))) continue;
    applyChange(ownFile(host, path, wanted));
  }
}

interface Compared {
  readonly path: string;
  readonly from: string;
  readonly found: string | undefined;
  /** Undefined: there is none whose hook could be kept. */
  readonly wanted: string | undefined;
}

async function compare(host: Host): Promise<Compared[]> {
  const { programs, files, mergesTables } = await findInstallation(host);
  const handlers = findHandlers(files, mergesTables).handlers.filter(isRunc);
  const byPath = new Map(handlers.map((handler) => [baseSpecPath(handler.baseSpec), handler]));
  const texts = configurationTexts(host, files);
  const compared: Compared[] = [];
  for (const [path, handler] of byPath) {
    if (!texts.some((text) => text.includes(JSON.stringify(path)))) continue;
    const found = readText(host.at(path));
    const hook = found === undefined ? undefined : hookIn(found);
    const made =
      hook === undefined
        ? []
        : await makeBaseSpecs(host, programs, [{ handler, baseSpec: path }], hook);
    const from = handler.baseSpec ?? '`ctr oci spec`';
    compared.push({ path, from, found, wanted: made[0]?.text });
  }
  return compared;
}

/** As they are, with what is ours. */
function configurationTexts(host: Host, files: readonly ConfigurationFile[]): string[] {
  const directory = dropInDirectory(files);
  const dropIn = directory === undefined ? [] : [`${directory}/${DROP_IN_NAME}`];
  return [...files.map(({ path }) => path), ...dropIn].flatMap(
    (path) => readText(host.at(path)) ?? [],
  );
}

function isSameSpec(found: string, wanted: string | undefined): boolean {
  return wanted !== undefined && isDeepStrictEqual(JSON.parse(found), JSON.parse(wanted));
}
