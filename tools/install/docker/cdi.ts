/**
 * A device of the Container Device Interface (CDI) that puts the hook into the containers it is given to: `--device oci-measure/container=measured`. podman, CRI-O,
 * containerd and Docker know CDI. It is for who wants single containers measured: whoever starts one can leave it out.
 */
import { existsSync } from 'node:fs';
import { ToolError } from '#tools/errors';
import type { EngineInstaller, EngineOptions, EnginePlan } from '#tools/install/engine-plan';
import { changeOf, readText } from '#tools/install/file-change';
import { hookCommand } from '#tools/install/hook-command';
import type { Host } from '#tools/install/host';
import { CDI_FILE } from '#tools/install/own-places';

const KIND = 'oci-measure/container';
const NAME = 'measured';
/** CDI's name of the device. */
export const CDI_DEVICE: string = `${KIND}=${NAME}`;
/** The oldest that a reader may be asked for, and enough for hooks: readers refuse a version that they do not know (podman 4.3 knows 0.5.0). */
const CDI_VERSION = '0.3.0';

export const cdi: EngineInstaller = {
  async install(host, options): Promise<EnginePlan> {
    const path = host.at(CDI_FILE);
    if (existsSync(path) && !isOurs(readText(path))) {
      throw new ToolError('install', `${JSON.stringify(path)} is there, and not of oci-measure`);
    }
    return { changes: [changeOf(path, cdiText(options))], notes: NOTES };
  },
  async uninstall(host): Promise<EnginePlan> {
    return { changes: cdiRemoval(host), notes: [] };
  },
};

/** @returns a change where there is something of ours */
export function cdiRemoval(host: Host): EnginePlan['changes'] {
  const path = host.at(CDI_FILE);
  return isOurs(readText(path)) ? [changeOf(path, undefined)] : [];
}

/** The CDI specification's "CDI JSON Specification". */
export function cdiText(options: EngineOptions): string {
  const spec = {
    cdiVersion: CDI_VERSION,
    kind: KIND,
    devices: [
      {
        name: NAME,
        containerEdits: { hooks: [{ hookName: 'createRuntime', ...hookCommand(options) }] },
      },
    ],
  };
  return `${JSON.stringify(spec, null, 2)}\n`;
}

const NOTES = [
  `containers that are started with --device ${CDI_DEVICE} are measured, and no others: who starts a container decides`,
  'Docker 25 and newer know such devices; before 28.2 only with "features": {"cdi": true} in daemon.json',
];

/** Readers refuse members that they do not know, so there is no place for a mark but the kind. */
function isOurs(text: string | undefined): boolean {
  return text?.includes(`"kind": ${JSON.stringify(KIND)}`) === true;
}
