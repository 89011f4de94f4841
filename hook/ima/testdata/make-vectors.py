#!/usr/bin/env python3
"""Makes the vectors of docs/ima-records.md §6 by the specification alone, without the program's own code. Run in this directory."""
import hashlib, json, struct

ZERO = {'sha1': bytes(20), 'sha256': bytes(32), 'sha384': bytes(48), 'sha512': bytes(64)}
H = lambda bank, data: hashlib.new(bank, data).digest()


def number(value, order):
    return struct.pack('<I' if order == 'little' else '>I', value)


def fields(values, order):
    return b''.join(number(len(v), order) + v for v in values)


def ng(algorithm, content, kind=b''):
    return kind + algorithm.encode() + b':\0' + H(algorithm, content)


class Entry:
    def __init__(self, template, values, said=None, pcr=10, violation=False):
        self.template, self.values, self.said, self.pcr, self.violation = template, values, said, pcr, violation

    def data(self, order):
        if self.template == 'ima':
            digest, path = self.values
            return digest + number(len(path), order) + path
        return fields(self.values, order)

    def hashed(self, order):
        if self.template == 'ima':
            digest, path = self.values
            return digest + path.ljust(256, b'\0')
        return self.data(order)

    def digest(self, bank, order):
        return ZERO[bank] if self.violation else H(bank, self.hashed(order))

    def encode(self, bank, order):
        name, data = self.template.encode(), self.data(order)
        head = number(self.pcr, order) + self.digest(bank, order) + number(len(name), order) + name
        return head + (b'' if self.template == 'ima' else number(len(data), order)) + data


def file(algorithm, content, path, signature=None):
    said = {'algorithm': algorithm, 'digest': H(algorithm, content).hex(), 'path': path}
    return said if signature is None else {**said, 'signature': signature.hex()}


def sig(path, content, signature=b'', algorithm='sha256', **more):
    values = [ng(algorithm, content), path.encode('latin1') + b'\0', signature]
    return Entry('ima-sig', values, file(algorithm, content, path, signature), **more)


def replay(entries, bank, order, padded=False):
    value = ZERO[bank]
    for entry in entries:
        if entry.pcr != 10:
            continue
        if entry.violation:
            by = b'\xff' * len(value)
        elif padded:
            by = H('sha1', entry.hashed(order)).ljust(len(value), b'\0')
        else:
            by = entry.digest(bank, order)
        value = H(bank, value + by)
    return value.hex()


def vector(name, entries, bank='sha1', order='little', cut=0):
    whole = b''.join(e.encode(bank, order) for e in entries)
    data = whole[: len(whole) - cut]
    listed = entries[:-1] if cut else entries
    pending = len(data) - sum(len(e.encode(bank, order)) for e in listed)
    open(name + '.bin', 'wb').write(data)
    content = {
        'digestBytes': len(ZERO[bank]),
        'order': order,
        'pending': pending,
        'entries': [
            {
                'pcr': e.pcr,
                'template': e.template,
                'templateDigest': e.digest(bank, order).hex(),
                'violation': e.violation,
                'file': e.said,
            }
            for e in listed
        ],
        'pcr10': {b: replay(listed, b, order) for b in ZERO},
        'padded': {b: replay(listed, b, order, True) for b in ('sha384', 'sha512')},
    }
    json.dump(content, open(name + '.json', 'w'), indent=1)
    open(name + '.json', 'a').write('\n')


def refused(name, data, expected):
    open(f'should-fail-{name}.bin', 'wb').write(data)
    open(f'should-fail-{name}.expect', 'w').write(expected + '\n')


boot = sig('boot_aggregate', b'firmware')
violated = Entry('ima-sig', [b'sha256:\0' + bytes(32), b'/etc/shadow\0', b''],
                 {'algorithm': 'sha256', 'digest': '00' * 32, 'path': '/etc/shadow', 'signature': ''}, violation=True)
every = [
    Entry('ima', [H('sha1', b'a'), b'/bin/a'], file('sha1', b'a', '/bin/a')),
    Entry('ima', [H('sha1', b'b'), b'/' + b'b' * 254], file('sha1', b'b', '/' + 'b' * 254)),
    Entry('ima-ng', [ng('sha256', b'c'), b'/bin/c\0'], file('sha256', b'c', '/bin/c')),
    Entry('ima-ng', [ng('sha1', b'd'), b'/bin/d\0'], file('sha1', b'd', '/bin/d')),
    sig('/bin/e', b'e'),
    sig('/bin/f', b'f', bytes([3, 2, 4, 1, 2, 3, 4, 0, 2, 8, 9])),
    sig('/bin/g', b'g', algorithm='sha512'),
    Entry('ima-ngv2', [ng('sha256', b'h', b'ima:'), b'/bin/h\0'], file('sha256', b'h', '/bin/h')),
    Entry('ima-sigv2', [ng('sha256', b'i', b'verity:'), b'/bin/i\0', b'\5'], file('sha256', b'i', '/bin/i', b'\5')),
    Entry('ima-modsig', [ng('sha256', b'j'), b'/lib/j.ko\0', b'', b'sha256:\0x', b'module'],
          file('sha256', b'j', '/lib/j.ko', b'')),
    Entry('ima-buf', [ng('sha256', b'k'), b'kexec-cmdline\0', b'root=/dev/sda1']),
    Entry('n-ng|d-ng', [b'/bin/l\0', ng('sha256', b'l')], file('sha256', b'l', '/bin/l')),
    Entry('nobody-knows', [b'what', b'', b'ever']),
]
vector('empty', [])
vector('every-template', [boot, *every])
vector('template-ima-alone', every[:2])
vector('fields-with-lengths', [boot, *every[2:]])
vector('every-template-big-endian', [boot, *every], order='big')
vector('list-by-sha256', [boot, *every, violated], bank='sha256')
vector('list-by-sha512', [boot, *every, violated], bank='sha512')
vector('violation', [boot, sig('/etc/passwd', b'p'), violated, sig('/etc/group', b'g')])
vector('other-register', [boot, sig('/a', b'a', pcr=11), sig('/b', b'b', pcr=0), sig('/c', b'c')])
vector('begins-with-register-0', [sig('/b', b'b', pcr=0), boot])
vector('begins-with-register-0-big-endian', [sig('/b', b'b', pcr=0), boot], order='big')
vector('control-characters', [boot, sig('/tmp/a\n10 b\x1b[31m\xff', b'x')])
vector('torn-in-a-number', [boot, sig('/bin/e', b'e')], cut=len(sig('/bin/e', b'e').encode('sha1', 'little')) - 2)
vector('torn-in-the-data', [boot, sig('/bin/e', b'e')], cut=3)
vector('odd-fields', [
    boot,
    Entry('ima-ng', [ng('sha256', b'a')]),
    Entry('ima-ng', [b'no tag', b'/a\0']),
    Entry('ima-ng', [b'\0', b'/a\0']),
    Entry('ima-ng', [ng('sha256', b'a'), b'/no-nul']),
    Entry('ima-ng', [ng('sha256', b'a'), b'']),
    Entry('ima-ng', []),
    sig('', b'a'),
])

good = boot.encode('sha1', 'little')
refused('register-24', b'\x18\0\0\0' + good[4:], 'PCR 24')
refused('register-huge', b'\xff\xff\xff\xff' + good[4:], 'PCR 4294967295')
refused('name-too-long', good[:24] + number(256, 'little') + good[28:], 'length of a template name 256')
refused('no-name', good[:24] + number(0, 'little') + good[28:], 'template name ""')
refused('name-with-space', good[:28] + b'ima sig' + good[35:], 'template name "ima sig"')
refused('data-too-long', good[:35] + number((1 << 20) + 1, 'little') + good[39:], 'length of template data 1048577')
ima = every[0].encode('sha1', 'little')
refused('path-too-long', ima[:51] + number(256, 'little') + ima[55:], 'length of a path 256')
refused('garbage-after-an-entry', good + b'#mtree rootfs-digest v1\n', 'PCR')

RECORDS = '/var/lib/oci-measure/records/'


def record(path, content, **made_of):
    return {**made_of, 'path': RECORDS + path, 'content': content, 'sha256': H('sha256', content.encode()).hex()}


def image(d):
    return record(f'images/sha256-{d}', f'oci-measure.image.v1 sha256:{d}\n', rootfs='sha256:' + d)


def container(container_id, d, r):
    content = f'oci-measure.container.v1 {container_id} sha256:{d} {r}\n'
    return record(f'containers/{r}', content, id=container_id, rootfs='sha256:' + d, record=r)


nothing, a, b = (H('sha256', data).hex() for data in (b'', b'a', b'b'))
records = [image(nothing), image(a), container('c1', nothing, a), container('~!"$%/:' + 'x' * 247 + '~', a, b)]
json.dump(records, open('records.json', 'w'), indent=1)
open('records.json', 'a').write('\n')
