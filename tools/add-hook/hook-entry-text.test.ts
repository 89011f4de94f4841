import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HookCommand } from '#tools/install/hook-command';
import { withHookEntry } from './hook-entry-text.ts';

const ENTRY: HookCommand = {
  path: '/usr/libexec/oci/hooks.d/oci-measure',
  args: ['oci-measure', 'hook', 'createRuntime'],
  env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
  timeout: 100,
};
const WRITTEN = JSON.stringify(ENTRY);

function edit(text: string): string | undefined {
  return withHookEntry(Buffer.from(text), '/b/config.json', ENTRY);
}

describe('the entry is put', () => {
  const cases: Readonly<Record<string, readonly [before: string, after: string]>> = {
    'where there are no hooks': [
      '{"ociVersion":"1.0.2","zz":1}',
      `{"ociVersion":"1.0.2","zz":1,"hooks": {"createRuntime":[${WRITTEN}]}}`,
    ],
    'where hooks is empty': [
      '{"hooks":{},"ociVersion":"1.0.2"}',
      `{"hooks":{"createRuntime": [${WRITTEN}]},"ociVersion":"1.0.2"}`,
    ],
    'where createRuntime is empty': [
      '{"ociVersion":"1.0.2","hooks":{"createRuntime":[]}}',
      `{"ociVersion":"1.0.2","hooks":{"createRuntime":[${WRITTEN}]}}`,
    ],
    'behind the hooks that are there': [
      '{"ociVersion":"1.0.2","hooks":{"prestart":[{"path":"/p"}],"createRuntime":[{"path":"/a"}],"poststop":[]}}',
      `{"ociVersion":"1.0.2","hooks":{"prestart":[{"path":"/p"}],"createRuntime":[{"path":"/a"},${WRITTEN}],"poststop":[]}}`,
    ],
    'beside numbers that a double cannot hold': [
      '{"ociVersion":"1.0.2","linux":{"resources":{"memory":{"limit":9223372036854775807}}},"x":1e2,"y":1.0}',
      `{"ociVersion":"1.0.2","linux":{"resources":{"memory":{"limit":9223372036854775807}}},"x":1e2,"y":1.0,"hooks": {"createRuntime":[${WRITTEN}]}}`,
    ],
    'beside members that no schema knows, and escapes': [
      '{ "ociVersion" : "1.0.2",\n\t"é\\u00e9": {"__proto__": [] } , "annotations":{"a\\/b":"\\ud83d\\ude00"} }\n',
      `{ "ociVersion" : "1.0.2",\n\t"é\\u00e9": {"__proto__": [] } , "annotations":{"a\\/b":"\\ud83d\\ude00"},"hooks": {"createRuntime":[${WRITTEN}]} }\n`,
    ],
    'beside our executable with other arguments': [
      '{"ociVersion":"1.0.2","hooks":{"createRuntime":[{"path":"/usr/libexec/oci/hooks.d/oci-measure","args":["oci-measure","hook","poststop"]}]}}',
      `{"ociVersion":"1.0.2","hooks":{"createRuntime":[{"path":"/usr/libexec/oci/hooks.d/oci-measure","args":["oci-measure","hook","poststop"]},${WRITTEN}]}}`,
    ],
  };
  for (const [title, [before, after]] of Object.entries(cases)) {
    test(title, () => assert.equal(edit(before), after));
  }
});

test('an entry that is there already is not put there again', () => {
  const once = edit('{"ociVersion":"1.0.2"}') ?? '';
  assert.equal(edit(once), undefined);
});

describe('refused is', () => {
  const texts: Readonly<Record<string, string>> = {
    'a member that is there twice': '{"ociVersion":"1.0.2","hooks":{},"hooks":{}}',
    'a member that Go takes for hooks': '{"ociVersion":"1.0.2","Hooks":{}}',
    'a comment': '{"ociVersion":"1.0.2" /* no */}',
    'a trailing comma': '{"ociVersion":"1.0.2",}',
    'hooks that are no object': '{"ociVersion":"1.0.2","hooks":[]}',
    'hooks that are null': '{"ociVersion":"1.0.2","hooks":null}',
    'an array': '[]',
    nothing: '',
    'half a file': '{"ociVersion":"1.0',
    'a byte order mark': '\uFEFF{"ociVersion":"1.0.2"}',
  };
  for (const [title, text] of Object.entries(texts)) {
    test(title, () => assert.throws(() => edit(text), { name: 'HookError', code: 'bundle' }));
  }
});

test('whatever else is in config.json stays as it is written', () => {
  const name = fc.string({ minLength: 1, maxLength: 8 }).map((text) => `x${text}`);
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 6 }), fc.nat(4), (extra, indent) => {
      const text = JSON.stringify({ ociVersion: '1.0.2', ...extra }, null, indent);
      if (!text.isWellFormed() || text.includes(String.raw`\u0000`)) return;
      const after = edit(text);
      assert.ok(after !== undefined);
      const place = after.indexOf('"hooks": {"createRuntime":[');
      assert.equal(
        after.slice(0, place - 1) + after.slice(after.indexOf(WRITTEN) + WRITTEN.length + 2),
        text,
      );
    }),
  );
});
