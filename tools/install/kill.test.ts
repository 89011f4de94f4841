import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { makeTestDirectory } from '#tools/program.fixture';
import { carryOut, type TreeOrder } from './driven.fixture.ts';
import type { DriverOrder } from './install.driver.ts';
import { installerCases } from './installers.fixture.ts';
import { EXECUTABLE } from './own-places.ts';
import { filesOf, makeTree, pictureOf } from './tree.fixture.ts';

const driver = join(import.meta.dirname, 'install.driver.ts');
const scratch = makeTestDirectory('kill');
after(() => rmSync(scratch, { recursive: true }));
const program = join(scratch, 'program');
writeFileSync(program, 'not really an executable\n'.repeat(1000), { mode: 0o755 });
const WHOLE = 25_000;

/** Whether it was killed. */
async function killedAt(order: DriverOrder): Promise<boolean> {
  const args = ['--disable-warning=ExperimentalWarning', driver, JSON.stringify(order)];
  // Compiling the same sources a hundred times is most of what this test would do.
  const env = { ...process.env, NODE_COMPILE_CACHE: '/var/lib/oci-measure-test/compile-cache' };
  return await new Promise((resolve, reject) => {
    const child = execFile(process.execPath, args, { env }, (error) => {
      if (child.signalCode === 'SIGKILL') resolve(true);
      else if (error === null) resolve(false);
      else reject(error);
    });
  });
}

/** Whatever an engine reads names the executable only while that is there, and whole. */
function checkContainersStart(root: string): void {
  const files = filesOf(root);
  const named = [...files].filter(
    ([path, text]) =>
      !/\.(?:installed|new-oci-measure|before-oci-measure)$/.test(path) &&
      text.includes(EXECUTABLE),
  );
  if (named.length === 0) return;
  assert.equal(
    files.get(EXECUTABLE)?.length,
    WHOLE,
    `${named.map(([path]) => path).join()} name it`,
  );
}

for (const { title, engine, inUse, ...tree } of installerCases) {
  describe(title, { concurrency: 2 }, () => {
    const base = join(scratch, title);
    makeTree(base, tree);
    const before = pictureOf(base);
    if (inUse !== undefined) makeTree(base, inUse);
    const order = (action: TreeOrder['action'], root: string): TreeOrder => ({
      action,
      engine,
      root,
      program,
    });

    /** In two steps where it has to be. */
    async function remove(root: string): Promise<void> {
      await carryOut(order('uninstall', root));
      if (inUse === undefined) return;
      checkContainersStart(root);
      assert.notDeepEqual(withoutEmpty(pictureOf(root)), withoutEmpty(before));
      rmSync(join(root, inUse.path), { recursive: true });
      await carryOut(order('uninstall', root));
    }

    test('is as it was, byte for byte, when what was installed is removed', async () => {
      const root = copyOf(base, 'whole');
      await carryOut(order('install', root));
      assert.notDeepEqual(pictureOf(root), before);
      checkContainersStart(root);
      assert.equal(await carryOut(order('install', root)), 'nothing to do\n');
      await remove(root);
      assert.deepEqual(pictureOf(root), before);
      assert.equal(await carryOut(order('uninstall', root)), 'nothing to do\n');
    });

    for (const action of ['install', 'uninstall'] as const) {
      test(`is as it was after a SIGKILL at any step of ${action}, and a removal`, async () => {
        const start = copyOf(base, `start-${action}`);
        if (action === 'uninstall') await carryOut(order('install', start));
        const killed = await killAtEveryStep(start, order(action, start), async (root) => {
          checkContainersStart(root);
          const again = copyOf(root, 'again');
          await remove(root);
          assert.deepEqual(withoutEmpty(pictureOf(root)), withoutEmpty(before));
          // Asked for again, it does the rest.
          await carryOut(order('install', again));
          checkContainersStart(again);
          assert.equal(await carryOut(order('install', again)), 'nothing to do\n');
          await remove(again);
          assert.deepEqual(withoutEmpty(pictureOf(again)), withoutEmpty(before));
        });
        assert.ok(killed >= 5, `killed ${killed} times`);
      });
    }
  });
}

let copies = 0;

function copyOf(from: string, name: string): string {
  copies += 1;
  const root = join(scratch, `${copies}-${name}`);
  cpSync(from, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return root;
}

/** Returns how often it was killed. */
async function killAtEveryStep(
  start: string,
  order: TreeOrder,
  check: (root: string) => Promise<void>,
): Promise<number> {
  for (let steps = 0; ; steps += 1) {
    const root = copyOf(start, 'killed');
    if (!(await killedAt({ ...order, root, steps }))) return steps;
    await check(root);
    rmSync(root, { recursive: true });
  }
}

/** A directory that was made just before or after the record that would have told of it may stay. */
function withoutEmpty(picture: readonly string[]): readonly string[] {
  return picture.filter((line) => !line.startsWith('d '));
}
