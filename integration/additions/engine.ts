import type { Ended } from '#integration/runtime';
import type { Image, ImageName } from './images.ts';

/** An engine whose containers are made, changed and started one step at a time. */
export interface SteppedEngine extends AsyncDisposable {
  readonly name: 'podman' | 'docker';
  load(images: Readonly<Record<ImageName, Image>>): Promise<void>;
  /** @returns the container's id */
  create(image: ImageName, options: readonly string[], command: readonly string[]): Promise<string>;
  /** Runs a script (dash) in the root of a container that does not run. */
  change(id: string, script: string): Promise<void>;
  /** Starts a container, and waits for its end. */
  start(id: string): Promise<Ended>;
  remove(id: string): Promise<void>;
  /** Any other command of the engine's own command line, which has to succeed. @returns what it printed */
  must(...args: readonly string[]): Promise<string>;
}
