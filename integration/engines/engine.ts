import type { Ended } from '#integration/runtime';

/** An engine with a storage of its own, which is gone with it. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Takes an image into the engine's storage and unpacks it; answers with what the engine calls it. */
  load(archive: string): Promise<string>;
  /** Runs a container of a loaded image to its end, under runc with the hook at createRuntime. */
  start(image: string, id: string): Promise<Ended>;
}
