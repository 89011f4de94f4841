import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestString, extend, isAllZero, sameValues } from './pcr.ts';
import type { Tpm } from './tpm.ts';

interface OpenTpm extends AsyncDisposable {
  readonly tpm: Tpm;
}

/** What every Tpm must do. `open` gives one that was just reset. */
export function describeTpm(name: string, open: () => Promise<OpenTpm>): void {
  describe(`${name} as a Tpm`, () => {
    it('reads zeros in every bank after a reset', async () => {
      await using opened = await open();
      const values = await opened.tpm.readPcr(13);
      assert.ok(values.size > 0);
      assert.ok(isAllZero(values));
    });

    it('extends every bank by its digest, in order', async () => {
      await using opened = await open();
      let expected = await opened.tpm.readPcr(13);
      for (const string of ['first', 'second']) {
        const digests = digestString(string, expected.keys());
        await opened.tpm.extendPcr(13, digests);
        expected = extend(expected, digests);
      }
      assert.ok(sameValues(await opened.tpm.readPcr(13), expected));
    });

    it('leaves other PCRs alone', async () => {
      await using opened = await open();
      const before = await opened.tpm.readPcr(14);
      await opened.tpm.extendPcr(13, digestString('x', before.keys()));
      assert.ok(sameValues(await opened.tpm.readPcr(14), before));
    });

    it('refuses a PCR that there is not', async () => {
      await using opened = await open();
      const { tpm } = opened;
      const digests = digestString('x', (await tpm.readPcr(13)).keys());
      await assert.rejects(tpm.readPcr(99), { name: 'HookError', code: 'tpm' });
      await assert.rejects(tpm.extendPcr(99, digests), { name: 'HookError', code: 'tpm' });
    });
  });
}
