import { RECORDS_DIRECTORY } from '#hook/ima/record';
import type { Config } from '#hook/input/config';
import type { HookSetup } from './check-entry.ts';
import { type Daemon, findDaemons } from './daemons.ts';
import { SEARCH_PATH } from './programs.ts';

/** What engines are looked at with. */
export interface EngineSetup extends HookSetup {
  /** What runs now. */
  readonly daemons: readonly Daemon[];
  /** Where the record filesystem has to be; undefined where the kernel is to list nothing. */
  readonly records: string | undefined;
  /** What the configuration has done with each class of containers; undefined when it cannot be used. */
  readonly classes: Config['classes'] | undefined;
  /** Where programs are looked for. */
  readonly programs: readonly string[];
}

/**
 * This machine, as it is now.
 *
 * @param file of the configuration; undefined: the default one
 * @param config what it says; undefined when it cannot be used
 */
export function engineSetup(file: string | undefined, config: Config | undefined): EngineSetup {
  return {
    config: { file, deadline: config?.deadline },
    executable: process.execPath,
    daemons: findDaemons(),
    records: config?.ima.mode === 'off' ? undefined : RECORDS_DIRECTORY,
    classes: config?.classes,
    programs: SEARCH_PATH,
  };
}
