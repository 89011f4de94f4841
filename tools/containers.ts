import { formatContainer, formatContainers } from '#tools/containers/container-table';
import { findContainer } from '#tools/containers/find-container';
import { measuredContainers } from '#tools/containers/measured-container';
import { readConfiguration } from './configuration.ts';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';

export interface ContainersCommand {
  readonly id: string | undefined;
  readonly json: boolean;
  readonly config: string | undefined;
}

/**
 * Prints the container map, or one container of it.
 *
 * @throws ToolError `unknown-container`; HookError `config`, `log`
 */
export async function containers({ id, json, config }: ContainersCommand): Promise<number> {
  const all = measuredContainers(readConfiguration(config).state);
  const one = id === undefined ? undefined : findContainer(all, id);
  if (json) writeOut(formatJSON(one === undefined ? all : [one]));
  else writeOut(one === undefined ? formatContainers(all) : formatContainer(one));
  return 0;
}
