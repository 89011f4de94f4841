import { type FileFacts, type FileState, isState } from './file-facts.ts';
import { close } from './linux-syscalls.ts';

/**
 * An open directory of one layer. The walk and the files below it that wait to be hashed share it; when the last lets
 * it go it is closed.
 */
export class HeldDirectory {
  readonly fd: number;
  /** Which layer it belongs to, the topmost being 0. */
  readonly layer: number;
  /** Saved when it was opened: it must not change while it is walked. */
  readonly state: FileState;
  readonly #registry: Set<HeldDirectory>;
  #holders = 1;

  /** @param registry of open directories: how many there are, and what is left to close after a failure */
  constructor(fd: number, layer: number, state: FileState, registry: Set<HeldDirectory>) {
    this.fd = fd;
    this.layer = layer;
    this.state = state;
    this.#registry = registry;
    registry.add(this);
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    if (--this.#holders === 0) this.close();
  }

  /** For the end of everything, whoever holds it. */
  close(): void {
    if (this.#registry.delete(this)) close(this.fd);
  }

  isUnchanged(facts: FileFacts): boolean {
    return isState(facts, this.state);
  }
}
