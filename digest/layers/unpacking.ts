import type { ByteString } from '#digest/entry';
import type { Engine } from './engines.ts';
import type { DirectoryInode } from './inode.ts';
import { Refusal } from './refusal.ts';
import type { StepBudget } from './step-budget.ts';

/** What an engine does with whiteouts: it writes overlayfs's, or removes what they name from the one tree that it has. */
export type WhiteoutStyle = 'as whiteouts' | 'removing';

/** One engine unpacking one layer. */
export class Unpacking {
  readonly engine: Engine;
  readonly root: DirectoryInode;
  /** Of the layers below, the topmost first: where containerd looks for what an implied directory is like. */
  readonly lowers: readonly DirectoryInode[];
  readonly style: WhiteoutStyle;
  /** All layers go to one directory: Docker and podman have other code for that (UnpackLayer). */
  readonly isSequential: boolean;
  readonly budget: StepBudget;
  /** How often something was taken away; what was found before may be elsewhere then. */
  removals = 0;
  /** Nothing has come up so far in which engines differ: every one of them makes the same of the layer. */
  isShared = true;
  /** The entry at hand, as the layer names it. */
  entryName: ByteString = '';

  constructor(
    engine: Engine,
    root: DirectoryInode,
    options: {
      readonly lowers: readonly DirectoryInode[];
      readonly style: WhiteoutStyle;
      readonly isSequential: boolean;
      readonly budget: StepBudget;
    },
  ) {
    this.engine = engine;
    this.root = root;
    this.lowers = options.lowers;
    this.style = options.style;
    this.isSequential = options.isSequential;
    this.budget = options.budget;
  }

  /** @param reason what the entry is and why it cannot be */
  refusal(reason: string): Refusal {
    return new Refusal(this.engine.name, this.entryName, reason);
  }

  remove(directory: DirectoryInode, name: ByteString): void {
    if (directory.names.delete(name)) this.removals++;
  }
}
