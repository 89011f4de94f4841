import { isRoot } from '#digest/thread-credentials';
import { checkBuildah } from './buildah.ts';
import { checkContainerd } from './containerd.ts';
import { checkCrio } from './crio.ts';
import { checkDocker } from './docker.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Check, type Engine, type Finding, findingsOf, notSeen, warning } from './finding.ts';
import { checkKubernetes } from './kubernetes.ts';
import { checkPodman } from './podman.ts';
import { runChecks } from './run-checks.ts';

type EngineCheck = (setup: EngineSetup) => readonly Finding[] | Promise<readonly Finding[]>;

const CHECKS: readonly (readonly [Engine, EngineCheck])[] = [
  ['podman', checkPodman],
  ['buildah', checkBuildah],
  ['cri-o', checkCrio],
  ['containerd', checkContainerd],
  ['docker', checkDocker],
  ['kubernetes', checkKubernetes],
];

/** For each engine that is installed or runs: whether its next container calls the hook. */
export async function checkEngines(setup: EngineSetup): Promise<readonly Finding[]> {
  const findings = await Promise.all(CHECKS.map(([engine]) => checkEngine(engine, setup)));
  const all = findings.flat();
  return [...notAllSeen(), ...(all.length > 0 ? all : [noEngine()])];
}

/** Nothing where it is not installed. */
export async function checkEngine(engine: Engine, setup: EngineSetup): Promise<readonly Finding[]> {
  const checks = CHECKS.filter(([name]) => name === engine);
  const own = checks.map(
    ([, check]): Check =>
      () =>
        check(setup),
  );
  return findingsOf(engine, await runChecks(own));
}

/** Others' processes show their files to root alone. */
function notAllSeen(): readonly Finding[] {
  if (isRoot()) return [];
  const expected = 'which engines run, and as what';
  return [notSeen('engine', 'which engines run', expected, 'root alone may')];
}

function noEngine(): Finding {
  const found = 'no engine: neither podman, CRI-O, containerd nor Docker';
  const expected = 'an engine that calls the hook';
  return warning('engine', found, expected, 'name the hook in config.json, for a runtime alone');
}
