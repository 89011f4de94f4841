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
import { CDI_FILE, OWNERSHIP_MARK } from '#tools/install/own-places';

/** CDI's name of the device. */
export const CDI_DEVICE = 'oci-measure/container=measured';
/** The oldest with which every reader takes hooks and annotations; 0.6.0 is in podman 4.6, containerd 1.7 and Docker 25. */
const CDI_VERSION = '0.6.0';

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
  const [kind, name] = CDI_DEVICE.split('=');
  const spec = {
    cdiVersion: CDI_VERSION,
    kind,
    annotations: { 'oci-measure/note': OWNERSHIP_MARK },
    devices: [
      {
        name,
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

function isOurs(text: string | undefined): boolean {
  return text?.includes(OWNERSHIP_MARK) === true;
}
