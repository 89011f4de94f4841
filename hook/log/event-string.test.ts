import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeEvent, encodeEvent } from './event-string.ts';
import { containerEvent } from './log.fixture.ts';

describe('an event', () => {
  it('is one line, and is read as it was written, whatever the texts in it', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(text, fc.array(text), text, fc.nat(), (id, loader, image, pid) => {
        const event = { ...containerEvent(id, pid), loader, annotations: { image } };
        const string = encodeEvent(event);
        assert.ok(!string.includes('\n') && !string.includes('\u001e'));
        assert.deepEqual(decodeEvent(string), event);
      }),
    );
  });

  it('with any one character changed is another event or none', () => {
    const string = encodeEvent(containerEvent('c'));
    fc.assert(
      fc.property(fc.nat(string.length - 1), fc.string({ maxLength: 2 }), (at, other) => {
        const changed = string.slice(0, at) + other + string.slice(at + 1);
        fc.pre(changed !== string);
        try {
          assert.equal(encodeEvent(decodeEvent(changed)), changed);
        } catch (thrown) {
          assert.ok(thrown instanceof Error && 'code' in thrown && thrown.code === 'log');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that its type does not allow cannot be written', () => {
    const wrong = { ...containerEvent('c'), pid: -1 };
    assert.throws(() => encodeEvent(wrong), { name: 'HookError', code: 'log' });
    assert.throws(() => encodeEvent({ ...containerEvent('c'), id: '\ud800' }), { code: 'log' });
  });

  it('is refused before it is parsed if it is too large, and if it is nested too deeply', () => {
    assert.throws(() => decodeEvent(' '.repeat(2 ** 21)), { code: 'log' });
    assert.throws(() => decodeEvent('['.repeat(2 ** 19)), { code: 'log' });
    const nested = `${'{"annotations":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
    assert.throws(() => decodeEvent(nested), { code: 'log' });
  });
});
