import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REAL_FILES } from './daemon-json.fixture.ts';
import { formerOf, readDaemonJson, withOurs, withoutOurs } from './daemon-json.ts';

const LABEL = '/etc/docker/daemon.json';
const ENTRY = { path: '/usr/libexec/oci/hooks.d/oci-measure-runc' };

function put(text: string | undefined): string {
  return withOurs(text, LABEL, ENTRY);
}

function meaning(text: string): Record<string, unknown> {
  const json = text.replace(/^\uFEFF/, '');
  return json.trim() === '' ? {} : JSON.parse(json);
}

describe('our runtime goes in as the default, and out again without a trace, with', () => {
  for (const [title, text] of [...Object.entries(REAL_FILES), ['no file', undefined] as const]) {
    test(title, () => {
      const after = put(text);
      const { runtimes, 'default-runtime': ours, ...rest } = meaning(after);
      assert.equal(ours, 'oci-measure');
      const before = meaning(text ?? '');
      assert.deepEqual(runtimes, { ...Object(before['runtimes']), 'oci-measure': ENTRY });
      const { runtimes: _, 'default-runtime': __, ...others } = before;
      assert.deepEqual(rest, others);
      assert.equal(put(after), after);
      assert.equal(withoutOurs(after, LABEL, formerOf(text)), text);
    });
  }
});

test('a file keeps its layout', () => {
  const text = REAL_FILES['nvidia-ctk runtime configure --set-as-default'] ?? '';
  assert.equal(
    put(text),
    `{
    "default-runtime": "oci-measure",
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "/usr/bin/nvidia-container-runtime"
        },
        "oci-measure": {
            "path": "/usr/libexec/oci/hooks.d/oci-measure-runc"
        }
    }
}
`,
  );
});

test('what was written since stays, when ours goes', () => {
  const text = REAL_FILES['nvidia-docker2, with log limits'] ?? '';
  const edited = put(text)
    .replace('"100m"', '"5m"')
    .replace('"oci-measure": {', '"crun": {"path": "/usr/bin/crun"},\n    "oci-measure": {')
    .replace('\n}\n', ',\n  "debug": true\n}\n');
  assert.equal(
    withoutOurs(edited, LABEL, formerOf(text)),
    text
      .replace('"100m"', '"5m"')
      .replace(
        '"runtimeArgs": []\n    }',
        '"runtimeArgs": []\n    },\n    "crun": {"path": "/usr/bin/crun"}',
      )
      .replace('\n}\n', ',\n  "debug": true\n}\n'),
  );
});

test('a default that somebody chose since stays', () => {
  const edited = put('{"debug":true}').replace('"oci-measure"}', '"runc"}');
  assert.equal(
    withoutOurs(edited, LABEL, formerOf('{"debug":true}')),
    '{"debug":true,"default-runtime":"runc"}',
  );
});

test('a runtime of somebody else in what was ours stays', () => {
  const edited = put('{"debug":true}').replace(
    '"oci-measure":{',
    '"x":{"path":"/x"},"oci-measure":{',
  );
  assert.equal(
    withoutOurs(edited, LABEL, formerOf('{"debug":true}')),
    '{"debug":true,"runtimes":{"x":{"path":"/x"}}}',
  );
});

test('a file that was added to since is not taken away', () => {
  const edited = put(undefined).replace('{', '{\n  "debug": true,');
  assert.deepEqual(meaning(withoutOurs(edited, LABEL, formerOf(undefined)) ?? ''), { debug: true });
});

test('where nobody knows any more what was before, our members alone go', () => {
  assert.equal(
    withoutOurs(put('{"debug":true}'), LABEL, undefined),
    '{"debug":true,"runtimes":{}}',
  );
});

test('a file with nothing of ours is left alone', () => {
  for (const text of Object.values(REAL_FILES)) {
    assert.equal(withoutOurs(text, LABEL, undefined), text);
  }
});

describe('refused is', () => {
  const texts: Readonly<Record<string, string>> = {
    'a comment': '{\n  // mirrors\n  "debug": true\n}\n',
    'a trailing comma': '{"debug": true,}',
    'a member twice': '{"runtimes": {}, "runtimes": {}}',
    'a member that Go takes for ours': '{"Runtimes": {}}',
    'default-runtime that is no string': '{"default-runtime": 7}',
    'runtimes that are a list': '{"runtimes": []}',
    'a runtime that is a path': '{"runtimes": {"crun": "/usr/bin/crun"}}',
    'a list': '[]',
    'half a file': '{"debug": tr',
    YAML: 'debug: true\n',
  };
  for (const [title, text] of Object.entries(texts)) {
    test(title, () => assert.throws(() => readDaemonJson(text, LABEL), { code: 'install' }));
  }
});

test('whatever is in the file and however it is laid out, ours leaves no trace', () => {
  const runtime = fc.record({ path: fc.constant('/usr/bin/crun') });
  const file = fc.record(
    {
      debug: fc.boolean(),
      'default-runtime': fc.constantFrom('runc', 'crun'),
      labels: fc.array(fc.string()),
      runtimes: fc.dictionary(fc.constantFrom('a', 'b', 'c'), runtime, { noNullPrototype: true }),
      zz: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const layout = fc.constantFrom<string | number>(0, 1, 2, 4, 8, '\t');
  fc.assert(
    fc.property(file, layout, fc.boolean(), (value, indent, isWindows) => {
      const text = JSON.stringify(value, null, indent);
      if (!text.isWellFormed() || text.includes(String.raw`\u0000`)) return;
      const before = isWindows ? text.replaceAll('\n', '\r\n') : text;
      assert.equal(withoutOurs(put(before), LABEL, formerOf(before)), before);
    }),
  );
});
