import type { Entry } from '#digest/entry';
import { ENGINES, type Semantics } from './engines.ts';
import { type DirectoryInode, newRoot } from './inode.ts';
import type { Layer } from './layer.ts';
import { listTree } from './list-tree.ts';
import { Refusal } from './refusal.ts';
import { StepBudget } from './step-budget.ts';
import { unpackLayer } from './unpack-layer.ts';
import { Unpacking } from './unpacking.ts';

/** What an engine shows of an image, in a listing's order, or why it does not. */
export type Unpacked = readonly Entry[] | Refusal;

/**
 * Each layer in a directory of its own, merged by overlayfs.
 *
 * @param layers the lowest first
 * @throws {DigestError} `too-large`
 */
export function unpackAsOverlay(layers: readonly Layer[], semantics: Semantics): Unpacked {
  return orRefusal(() => {
    const engine = ENGINES[semantics];
    const budget = new StepBudget();
    const lowers: DirectoryInode[] = [];
    for (const [index, layer] of layers.entries()) {
      const root = newRoot();
      const style = index === 0 ? engine.lowestLayer : 'as whiteouts';
      unpackLayer(
        new Unpacking(engine, root, { lowers, style, isSequential: false, budget }),
        layer,
      );
      lowers.unshift(root);
    }
    return listTree(lowers);
  });
}

/**
 * All layers in one directory, one after another (containerd's native snapshotter, the vfs drivers).
 *
 * @param layers the lowest first
 * @throws {DigestError} `too-large`
 */
export function unpackInSequence(layers: readonly Layer[], semantics: Semantics): Unpacked {
  return orRefusal(() => {
    const root = newRoot();
    const options = {
      lowers: [],
      style: 'removing' as const,
      isSequential: true,
      budget: new StepBudget(),
    };
    for (const layer of layers) {
      unpackLayer(new Unpacking(ENGINES[semantics], root, options), layer);
    }
    return listTree([root], 'show');
  });
}

function orRefusal(unpack: () => readonly Entry[]): Unpacked {
  try {
    return unpack();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
