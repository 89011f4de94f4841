import { formatContainer, formatContainers } from '#tools/containers/container-table';
import { findContainer } from '#tools/containers/find-container';
import { measuredContainers } from '#tools/containers/measured-container';
import { runningContainers } from '#tools/containers/running-container';
import { unmeasuredContainers } from '#tools/containers/unmeasured-container';
import { readConfiguration } from './configuration.ts';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';
import { reportWarning } from './report.ts';

export interface ContainersCommand {
  readonly id: string | undefined;
  readonly json: boolean;
  readonly config: string | undefined;
}

const NAMED = 5;

/**
 * Prints the container map, and what runs without being in it, or one container of both.
 *
 * @throws ToolError `unknown-container`; HookError `config`, `log`
 */
export async function containers({ id, json, config }: ContainersCommand): Promise<number> {
  const { state } = readConfiguration(config);
  const running = runningContainers();
  const measured = measuredContainers(state);
  const all = [...measured, ...unmeasuredContainers(state, running, measured)];
  for (const unread of running.unread.slice(0, NAMED)) {
    reportWarning(`unmeasured containers may be missing: ${unread}`);
  }
  const one = id === undefined ? undefined : findContainer(all, id);
  if (json) writeOut(formatJSON(one === undefined ? all : [one]));
  else writeOut(one === undefined ? formatContainers(all) : formatContainer(one));
  return 0;
}
