import { isRoot } from '#digest/thread-credentials';
import type { Config } from '#hook/input/config';
import { measuredContainers } from '#tools/containers/measured-container';
import { runningContainers } from '#tools/containers/running-container';
import {
  type UnmeasuredContainer,
  unmeasuredContainers,
} from '#tools/containers/unmeasured-container';
import { type Finding, notSeen, ok, warning } from './finding.ts';

const CHECK = 'container';
const EXPECTED = 'a record of every container that runs now';
const MEND = 'once the hook is called: start them again; see `oci-measure containers`';
const NAMED = 5;

/** Whether what runs now was measured, by what runtimes have on file. */
export function checkRunningContainers({ state }: Pick<Config, 'state'>): readonly Finding[] {
  if (!isRoot()) return [notSeen(CHECK, 'what runs now', EXPECTED, 'root alone may')];
  const running = runningContainers();
  const unmeasured = unmeasuredContainers(state, running, measuredContainers(state));
  const seen = running.unread.slice(0, NAMED).map((unread) => {
    const found = `what a runtime has on file cannot be read: ${unread}`;
    return warning(CHECK, found, EXPECTED, 'find out who wrote it');
  });
  const groups = [
    tell(unmeasured, 'container', 'containers', ({ class: kind }) => kind === 'container'),
    tell(unmeasured, 'pod sandbox', 'pod sandboxes', ({ class: kind }) => kind === 'sandbox'),
    tell(unmeasured, 'build step', 'build steps', ({ class: kind }) => kind === 'build'),
  ];
  const told = groups.filter((finding) => finding !== undefined);
  if (told.length > 0 || seen.length > 0) return [...told, ...seen];
  const count = running.containers.length;
  return [
    ok(CHECK, count === 0 ? 'none runs now' : `${count} running, each with a record`, EXPECTED),
  ];
}

/** What the configuration skips, and sandboxes, which containerd gives no hook, are as they are. */
function tell(
  unmeasured: readonly UnmeasuredContainer[],
  one: string,
  many: string,
  belongs: (container: UnmeasuredContainer) => boolean,
): Finding | undefined {
  const group = unmeasured.filter(belongs);
  if (group.length === 0) return undefined;
  const skipped = group.filter(({ why }) => why === 'skipped');
  const some = group
    .slice(0, NAMED)
    .map(({ id, engine, container }) =>
      [id.slice(0, 12), container, engine].filter((part) => part !== undefined).join(' '),
    );
  const names = `${some.join(', ')}${group.length > NAMED ? ', …' : ''}`;
  const found = `${group.length} ${group.length === 1 ? one : many} without a record: ${names}`;
  if (skipped.length === group.length) return ok(CHECK, `${found}, skipped`, EXPECTED);
  if (one === 'container') return warning(CHECK, found, EXPECTED, MEND);
  return ok(CHECK, `${found}, which not every engine calls hooks for`, EXPECTED);
}
