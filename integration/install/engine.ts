import type { Ended } from '#integration/runtime';
import type { PrivateHost } from './private-host.ts';

/** An engine as its packages and whoever runs the machine set it up, with Debian's image. It knows nothing of ours. */
export interface InstalledEngine extends AsyncDisposable {
  /** Takes in what changed in its configuration. */
  restart(): Promise<void>;
  /** Runs `/bin/true` to its end in a new container of each runtime that is configured; the first that fails is the last. */
  start(): Promise<Ended>;
}

export interface EngineUnderTest {
  /** As `oci-measure install` calls it. */
  readonly name: string;
  /** The configuration of whoever runs the machine, in files with their modes and comments. */
  readonly settings: Readonly<Record<string, string>>;
  /** How many runtimes are configured. */
  readonly runtimes: number;
  /** How many layers there are above the image's. */
  readonly writable: number;
  boot(host: PrivateHost): Promise<InstalledEngine>;
}
