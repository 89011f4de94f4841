import type { EngineInstaller, EngineOptions } from './engine-plan.ts';
import type { Host } from './host.ts';

/** What was asked for. */
export interface Order {
  readonly host: Host;
  /** As on the command line. */
  readonly engine: string;
  readonly installer: EngineInstaller;
  readonly dryRun: boolean;
  readonly restart: boolean;
  readonly force: boolean;
  /** To whoever asked for it, in whole lines. */
  readonly say: (text: string) => void;
}

export interface InstallOrder extends Order {
  /** What is to be the executable: a file here. */
  readonly program: string;
  readonly options: Omit<EngineOptions, 'executable'>;
}
