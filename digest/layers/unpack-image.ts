import type { Entry } from '#digest/entry';
import { SEMANTICS, type Semantics } from '#digest/semantics';
import { ENGINES } from './engines.ts';
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
 * Each layer in a directory of its own, merged by overlayfs. Equal answers are one object where that is seen early.
 *
 * @param layers the lowest first
 * @throws {DigestError} `too-large`
 */
export function unpackAsOverlays(layers: readonly Layer[]): Map<Semantics, Unpacked> {
  const shared: SharedTrees = new Map();
  const answers = new Map<Semantics, Unpacked>();
  for (const semantics of SEMANTICS) {
    const [first] = answers.values();
    const isShared = first !== undefined && shared.size === layers.length;
    answers.set(semantics, isShared ? first : unpackAsOverlay(layers, semantics, shared));
  }
  return answers;
}

/** By their index, the layers of which every engine makes the same, as the first engine has unpacked them. */
type SharedTrees = Map<number, DirectoryInode>;

/** As {@link unpackAsOverlays} for one engine. */
export function unpackAsOverlay(
  layers: readonly Layer[],
  semantics: Semantics,
  shared: SharedTrees = new Map(),
): Unpacked {
  return orRefusal(() => {
    const engine = ENGINES[semantics];
    const budget = new StepBudget();
    const lowers: DirectoryInode[] = [];
    for (const [index, layer] of layers.entries()) {
      const root = shared.get(index) ?? newRoot();
      if (!shared.has(index)) {
        const style = index === 0 ? engine.lowestLayer : 'as whiteouts';
        const options = { lowers, style, isSequential: false, budget };
        const unpacking = new Unpacking(engine, root, options);
        unpackLayer(unpacking, layer);
        if (unpacking.isShared && semantics === SEMANTICS[0]) shared.set(index, root);
      }
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
