/** What whoever installs has to know. */
import { existsSync, readdirSync } from 'node:fs';
import type { Host } from '#tools/install/host';
import { findHandlers, isRunc, tableAt } from './handlers.ts';
import type { Installation } from './installation.ts';
import type { Placed } from './place-base-specs.ts';
import { renderedOnes } from './rendered.ts';

const NRI_PLUGINS = '/opt/nri/plugins';
const NRI_VALIDATOR = ['plugins', 'io.containerd.nri.v1.nri', 'default_validator'];

export function notesOf(
  host: Host,
  installation: Installation,
  placed: readonly Placed[],
): readonly string[] {
  const { handlers, isCriDisabled } = findHandlers(installation.files, installation.mergesTables);
  const others = handlers.filter((handler) => !isRunc(handler));
  return [
    `measured: containers that Kubernetes starts by containerd, of the handlers ${placed.map(({ handler }) => handler.name).join(', ')}`,
    ...others.map(
      ({ name, runtimeType }) =>
        `not measured: the handler ${name} (${runtimeType ?? 'of no type'}), which starts no OCI runtime on this machine`,
    ),
    'not measured: pod sandboxes (pause), for which containerd takes no base spec, and containers of ctr, nerdctl and Docker',
    ...(isCriDisabled
      ? [
          "containerd's CRI is switched off (disabled_plugins): until it is on, nothing is measured by this. For Docker: oci-measure install docker",
        ]
      : []),
    ...renderedOnes(host).map(
      ({ name, instead }) =>
        `not measured: containers of ${name}, which has a containerd of its own; for those, name the base spec in ${instead}`,
    ),
    ...(installation.programs === undefined
      ? [
          "the base spec is not that of the machine's own containerd before `oci-measure install containerd` runs there, or the machine starts with systemd",
        ]
      : []),
    ...(installation.hasSystemd
      ? []
      : [
          'without systemd: after each upgrade of containerd, run `oci-measure install containerd` again',
        ]),
    ...nriNotes(host, installation),
    restartNote('install'),
  ];
}

/** Of a site that has NRI plugins, which may be relied on for more than they hold. */
function nriNotes(host: Host, { files }: Installation): readonly string[] {
  const directory = host.at(NRI_PLUGINS);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const injectors = names.filter((name) => name.endsWith('hook-injector'));
  const rejects = files.some(
    ({ document }) => tableAt(document, NRI_VALIDATOR)?.['reject_oci_hook_adjustment'] === true,
  );
  return [
    ...injectors.map(
      (name) =>
        `${NRI_PLUGINS}/${name} adds the hooks of hooks.d too; a container that has ours twice is measured once. It is no substitute: where it is slow or gone, containers start without hooks`,
    ),
    ...(rejects
      ? [
          'NRI refuses hooks of its plugins here (reject_oci_hook_adjustment), not those of a base spec',
        ]
      : []),
  ];
}

export function restartNote(what: 'install' | 'uninstall'): string {
  return what === 'install'
    ? 'containers that run now go on, unmeasured'
    : 'containerd calls the hook until it is restarted';
}
