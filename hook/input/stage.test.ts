import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseStage } from './stage.ts';

describe('parseStage', () => {
  test('no stage means createRuntime', () => {
    assert.equal(parseStage(undefined), 'createRuntime');
  });

  test('the stages of the runtime’s namespaces are known', () => {
    for (const stage of ['createRuntime', 'prestart', 'poststart', 'poststop']) {
      assert.equal(parseStage(stage), stage);
    }
  });

  for (const stage of [
    '',
    'createContainer',
    'startContainer',
    'CreateRuntime',
    'a\nb',
    '\u001b',
  ]) {
    test(`${JSON.stringify(stage)} is refused in one line that names the stages`, () => {
      assert.throws(() => parseStage(stage), {
        name: 'HookError',
        code: 'usage',
        message:
          /^unknown stage "[ -~]*", expected one of createRuntime, prestart, poststart, poststop$/,
      });
    });
  }
});
