import { describe, expect, it } from 'vitest';
import { scriptOperand } from './script-operand.ts';

const file = (path: string) => ({ kind: 'file', path });
const text = (t: string) => ({ kind: 'text', text: t });

describe('scriptOperand', () => {
  it.each<[string, string[], object | undefined]>([
    ['/usr/sbin/nginx', ['nginx', '-g', 'daemon off;'], { kind: 'none' }],
    ['/usr/bin/node', ['node', 'server.js', '--port', '80'], file('server.js')],
    [
      '/usr/bin/node',
      ['node', '--max-old-space-size=100', '-r', './hook.js', '/app/main.js'],
      file('/app/main.js'),
    ],
    ['/usr/bin/node', ['node', '-e', 'serve()'], text('serve()')],
    ['/usr/bin/node', ['node'], undefined],
    ['/usr/bin/node', ['node', '-r', 'x'], undefined],
    ['/usr/bin/python3.11', ['python3', '-u', '-W', 'ignore', 'app.py'], file('app.py')],
    ['/usr/bin/python3.11', ['python3', '-m', 'http.server', '80'], text('http.server')],
    ['/bin/dash', ['sh', '-c', 'exec server'], text('exec server')],
    ['/bin/bash', ['bash', '-lc', 'exec server'], text('exec server')],
    ['/bin/bash', ['bash', '-o', 'pipefail', '/run.sh'], file('/run.sh')],
    ['/bin/bash', ['-bash'], undefined],
    ['/bin/bash', ['bash', '-i'], undefined],
    ['/bin/bash', ['bash', '-c'], undefined],
    ['/bin/sh', ['sh', '--', '-odd-name'], file('-odd-name')],
    ['/opt/jdk/bin/java', ['java', '-Xmx1g', '-cp', 'a.jar', 'com.example.Main'], text('com.example.Main')],
    ['/opt/jdk/bin/java', ['java', '-jar', '/srv/app.jar'], file('/srv/app.jar')],
    ['/usr/bin/perl', ['perl', '-I', 'lib', 'x.pl'], file('x.pl')],
    ['/usr/bin/php8.2', ['php', '-f', 'x.php'], file('x.php')],
    ['/usr/bin/ruby3.1', ['ruby', ''], undefined],
  ])('%s %j', (exe, args, expected) => expect(scriptOperand(exe, args)).toEqual(expected));
});
