import type { EngineInstaller } from '#tools/install/engine-plan';
import type { Host } from '#tools/install/host';
import { CRIO_DROP_INS, crioHooksDirectories } from './crio-conf.ts';
import { dropInPath, type HooksEngine, planHooksFile, planRemoval } from './hooks-plan.ts';

/** CRI-O: docs/engines/cri-o.md. */
export const crio: EngineInstaller = {
  install: async (host, options) => planHooksFile(host, options, engineOf(host)),
  uninstall: async (host, recorded) => planRemoval(host, recorded, engineOf(host)),
};

function engineOf(host: Host): HooksEngine {
  return {
    name: 'CRI-O',
    directories: (dropIn) => [crioHooksDirectories(host, dropIn)],
    dropIn: { path: dropInPath(CRIO_DROP_INS), makeIn: '/etc/crio', table: 'crio.runtime' },
    restart: { unit: 'crio.service', action: 'restart' },
    notes: [
      'CRI-O watches the directory: nothing is to be restarted',
      "the pods' own containers (pause) are not measured: CRI-O calls no hooks for them",
    ],
  };
}
