import type { Config } from '#hook/input/config';
import type { HookSetup } from './check-entry.ts';
import type { Daemon } from './daemons.ts';

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
