import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * A store's thread is started from its TypeScript, and Node strips types with WebAssembly. What this WebAssembly calls a
 * thousand times V8 compiles; where many such threads come and go in one process, V8 then sometimes loses track of what code
 * is freed, and the process dies: SIGSEGV, or `Check failed: jit_page.has_value()` (like nodejs/node#64500). With this
 * budget nothing is compiled so. What is released has no types to strip and needs no flag.
 */
const execArgv = ['--wasm-wrapper-tiering-budget=1000000000'];

/**
 * End-to-end tests that mostly wait for processes, and neither flood the kernel nor count what it lost: two files at a time.
 * Every other one has the machine to itself, as a new one has that is not named here.
 */
const beside = [
  'action',
  'audit',
  'chaos',
  'cli-bad-input',
  'collector',
  'collector-clock-and-lock',
  'collector-flooded',
  'collector-huge-batch',
  'evil-collector',
  'falco-fuzz',
  'falco-kill9',
  'held-orders-by-hand',
  'join',
  'kill9',
  'kubernetes',
  'login',
  'mutated-envelopes',
  'mutated-tracee',
  'orders-by-hand',
  'policy-audit-notify',
  'provisional',
  'registry',
  'restore',
  'secrets',
  'securesystemslib',
  'stops-in-a-crowd',
  'trust-push',
  'vendors-page',
].map((name) => `test/e2e/${name}.test.ts`);
/**
 * Hundreds of commands and daemons are started from their TypeScript: what Node made of it for the first serves the
 * others, in a third of the time. Nobody else may write there: what lies there is executed.
 */
const env = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url)),
};
const patience = { testTimeout: 120_000, hookTimeout: 180_000 };

// `unit` needs no root and no kernel. By default one processor of two would be left idle.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          execArgv,
          maxWorkers: '100%',
          // Of a machine that does something else too: what hangs is found all the same.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: [
            '{fingerprint,agent,collector,config,registry,cli,proto,bench}/**/*.test.ts',
            'test/*.test.ts',
            'test/{property,contract}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'e2e',
          execArgv,
          env,
          ...patience,
          include: ['test/e2e/**/*.test.ts'],
          exclude: beside,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e-beside',
          execArgv,
          env,
          ...patience,
          include: beside,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
