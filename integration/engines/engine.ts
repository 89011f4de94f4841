import type { Ended } from '#integration/runtime';

/** An image, in the forms that engines load. */
export interface ImageFiles {
  readonly ociArchive: string;
  readonly dockerArchive: string;
}

/** An engine with a storage of its own for one image, which is gone with it. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  /** Takes the image into the engine's storage and unpacks it. */
  load(image: ImageFiles): Promise<void>;
  /** Runs a container of the loaded image to its end, under runc with the hook at createRuntime. */
  start(id: string): Promise<Ended>;
}
