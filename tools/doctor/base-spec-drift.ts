import { baseSpecDrift } from '#tools/install/containerd/refresh';
import { hostAt } from '#tools/install/host';
import { BASE_SPEC } from '#tools/install/own-places';
import type { ContainerdConfig } from './containerd-config.ts';
import { type Finding, warning } from './finding.ts';

const CHECK = 'base-spec';
const EXPECTED = 'a base spec that says what containerd says by itself, and the hook';
const INSTALL = 'oci-measure install containerd';

/** Whether the base specs that an installation made are what it would make now: containerd's defaults change with it. */
export async function checkDrift({ handlers }: ContainerdConfig): Promise<readonly Finding[]> {
  const ours = BASE_SPEC.replace(/\.json$/, '');
  if (!handlers.some(({ baseSpec }) => baseSpec.startsWith(ours))) return [];
  try {
    const drift = await baseSpecDrift(hostAt(undefined));
    const outdated = drift.filter(({ state }) => state === 'outdated');
    return outdated.map(({ path, from }) =>
      warning(CHECK, `${path} is not what ${from} says now`, EXPECTED, INSTALL),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [warning(CHECK, `it was not seen whether it is: ${reason}`, EXPECTED, INSTALL)];
  }
}
