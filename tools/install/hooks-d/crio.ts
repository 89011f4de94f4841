import { findProgram, SEARCH_PATH } from '#tools/doctor/programs';
import type { EngineInstaller } from '#tools/install/engine-plan';
import type { Host } from '#tools/install/host';
import { UNIT_DIRECTORIES } from '#tools/install/unit-directories';
import { CRIO_DROP_INS, crioHooksDirectories } from './crio-conf.ts';
import { dropInPath, type HooksEngine, planHooksFile, planRemoval } from './hooks-plan.ts';
import { namesIn, readSettings } from './toml-settings.ts';

/** CRI-O: docs/engines/cri-o.md. */
export const crio: EngineInstaller = {
  install: async (host, options) => planHooksFile(host, options, engineOf(host)),
  uninstall: async (host, recorded) => planRemoval(host, recorded, engineOf(host)),
};

/** What overrides the files (crio(8)); only the CRI-O that runs can tell what came of it. */
const OVERRIDES =
  /--(?:hooks-dir|config-dir|config)\b|\bCONTAINER_(?:HOOKS_DIR|CONFIG_DIR|CONFIG)=/;

function flagNotes(host: Host): readonly string[] {
  const files = [
    ...['/etc/sysconfig', '/etc/default', ...UNIT_DIRECTORIES].flatMap((directory) => [
      `${directory}/crio`,
      `${directory}/crio.service`,
    ]),
    ...UNIT_DIRECTORIES.flatMap((directory) =>
      namesIn(host, `${directory}/crio.service.d`, '.conf'),
    ),
  ];
  const found = files.filter((path) => OVERRIDES.test(readSettings(host, path)?.text ?? ''));
  // /lib is a link to /usr/lib in most distributions.
  const places = new Set(found.map((path) => host.nameOf(host.at(path))));
  return [...places].map(
    (path) => `${path} overrides where CRI-O looks: ask \`oci-measure doctor\` while it runs`,
  );
}

function engineOf(host: Host): HooksEngine {
  return {
    name: 'CRI-O',
    directories: (dropIn) => [crioHooksDirectories(host, dropIn)],
    dropIn: { path: dropInPath(CRIO_DROP_INS), makeIn: '/etc/crio', table: 'crio.runtime' },
    restart: { unit: 'crio.service', action: 'restart' },
    notes: [
      ...(host.isThisMachine && findProgram('crio', SEARCH_PATH) === undefined
        ? ['there is no CRI-O here yet']
        : []),
      'CRI-O watches the directory: nothing is to be restarted',
      "the pods' own containers (pause) are not measured: CRI-O calls no hooks for them",
      ...flagNotes(host),
    ],
  };
}
