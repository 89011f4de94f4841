/** NRI, by which a plugin of its own (the hook injector) can add the hook, in containerd and CRI-O. */
import { readdirSync } from 'node:fs';
import { HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import type { NriConfig } from './containerd-config.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, problem, warning } from './finding.ts';
import { checkHooksDirectories } from './hooks-directories.ts';

const CHECK = 'nri';
const INJECTOR = 'hook-injector';
/** Plugins that containerd and CRI-O start themselves, named NN-NAME. */
const PLUGINS = '/opt/nri/plugins';

/**
 * Nothing is said where no injector is there: the hook comes another way, or not at all.
 *
 * @param callsHook whether the engine calls the hook without it
 */
export function checkNri(
  nri: NriConfig | undefined,
  setup: EngineSetup,
  callsHook: boolean,
  plugins: string = PLUGINS,
): readonly Finding[] {
  const isRunning = setup.daemons.some(({ name }) => name === INJECTOR);
  if (!isRunning && !isInstalled(plugins)) return [];
  const expected = 'an NRI that lets the hook injector add the hook';
  const isEnabled = nri?.isEnabled === true;
  if (callsHook && !(isEnabled && nri.rejectsHooks)) return [];
  if (!isEnabled) {
    const found = `a ${INJECTOR} is there, and NRI is not enabled`;
    return [warning(CHECK, found, expected, 'enable NRI, or do without the injector')];
  }
  if (nri.rejectsHooks) {
    const found = `reject_oci_hook_adjustment is set: containers that the ${INJECTOR} adds a hook to do not start`;
    const mend = 'take reject_oci_hook_adjustment out, or do without the injector';
    return [problem(CHECK, found, expected, mend)];
  }
  return [
    failOpen(nri),
    ...checkHooksDirectories({
      ...setup,
      directories: [HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY],
      mend: 'oci-measure install podman, which writes to a directory that the injector reads too',
    }),
  ];
}

function failOpen({ requiredPlugins }: NriConfig): Finding {
  const required = requiredPlugins.includes(INJECTOR)
    ? ', though it is among required_plugins, once it is late'
    : '';
  const found = `the ${INJECTOR} fails open: while it is gone or late, containers start without the hook${required}`;
  const expected = 'a hook that the engine itself adds';
  return warning(CHECK, found, expected, 'oci-measure install containerd');
}

function isInstalled(plugins: string): boolean {
  try {
    return readdirSync(plugins).some((name) => /^\d\d-hook-injector$/.test(name));
  } catch {
    return false;
  }
}
