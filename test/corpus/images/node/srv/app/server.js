'use strict';
// A small shop: pages, a price list from another service, reports made by a helper program, a log of its own.
const cluster = require('node:cluster');
const fs = require('node:fs');
const path = require('node:path');

const settingsFile = '/etc/app/settings.json';
let settings = JSON.parse(fs.readFileSync(settingsFile, 'utf8'));

if (cluster.isPrimary) {
  for (let i = 0; i < settings.workers; i += 1) cluster.fork();
  cluster.on('exit', () => cluster.fork());
  for (const signal of ['SIGHUP', 'SIGUSR2'])
    process.on(signal, () => {
      for (const worker of Object.values(cluster.workers)) worker.process.kill(signal);
    });
  process.on('SIGTERM', () => process.exit(0));
} else {
  const http = require('node:http');
  const { report, backup } = require('./lib/report.js');
  const logFile = '/var/log/app/access.log';
  let log = fs.createWriteStream(logFile, { flags: 'a' });
  process.on('SIGUSR2', () => {
    log.end();
    log = fs.createWriteStream(logFile, { flags: 'a' });
  });
  process.on('SIGHUP', () => {
    settings = JSON.parse(fs.readFileSync(settingsFile, 'utf8'));
  });
  const routes = {
    '/': (_req, res) => res.end(`${settings.greeting} ${new Date().toLocaleString()}\n`),
    '/stock': (_req, res) => http.get(settings.stock, (from) => from.pipe(res)).on('error', () => res.end('none\n')),
    '/report': (_req, res) => report((error, size) => res.end(error ? 'failed\n' : `${size}\n`)),
    '/backup': (_req, res) => backup((error) => res.end(error ? 'failed\n' : 'saved\n')),
    '/cart': (req, res) => {
      const id = require('node:crypto').randomUUID();
      const file = path.join('/var/lib/app', `${id}.json`);
      fs.writeFileSync(`${file}.tmp`, JSON.stringify({ id, agent: req.headers['user-agent'] }));
      fs.renameSync(`${file}.tmp`, file);
      res.end(`${id}\n`);
    },
    '/gone': (_req, res) =>
      http.get('http://127.0.0.1:9/', () => res.end()).on('error', (error) => res.end(`${error.code}\n`)),
  };
  http
    .createServer((req, res) => {
      log.write(`${new Date().toISOString()} ${req.url}\n`);
      const route = routes[req.url];
      if (route) return route(req, res);
      res.statusCode = 404;
      res.end('no\n');
    })
    .listen(8080);
}
