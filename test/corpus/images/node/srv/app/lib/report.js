'use strict';
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Written to a temporary folder, compressed by a helper, measured, removed. */
exports.report = (done) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'report-'));
  const file = path.join(dir, 'report.csv');
  fs.writeFileSync(file, 'item;count\n'.repeat(500));
  execFile('gzip', ['-9', file], (error) => {
    const size = error ? 0 : fs.statSync(`${file}.gz`).size;
    fs.rmSync(dir, { recursive: true });
    done(error, size);
  });
};

/** One archive per day, beside the data. */
exports.backup = (done) => {
  const day = new Date().toISOString().slice(0, 10);
  execFile('tar', ['-czf', `/backup/app-${day}.tar.gz`, '-C', '/var/lib', 'app'], done);
};
