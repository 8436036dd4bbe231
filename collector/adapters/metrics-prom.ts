import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { severities } from '../../fingerprint/incident.ts';
import { actions, receiptResults } from '../../fingerprint/order.ts';
import type { Answered } from '../ports/api.ts';
import { type BrakeReason, brakeReasons, type Levels, type Meter } from '../ports/metrics.ts';
import { CollectorError, type Log } from '../ports.ts';

const methods = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'];
/** From an answer out of memory to one that waited for a full disk. */
const seconds = [0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** Who is asked when somebody looks. */
export interface MetricsSource {
  levels(): Promise<Levels>;
  ready(): Promise<boolean>;
}

/** Metrics for Prometheus, with health beside them, on an address of their own: scrapers need no token there. */
export class PrometheusMetrics implements Meter {
  readonly #log: Log;
  readonly #registry = new Registry();
  readonly #server = createServer();
  readonly #incidents = this.#counter(
    'whorl_incidents_total',
    'Incidents that were not known before',
    'severity',
  );
  readonly #orders = this.#counter('whorl_orders_total', 'Orders that were given', 'action');
  readonly #receipts = this.#counter('whorl_receipts_total', 'What became of orders', 'result');
  readonly #brakes = this.#counter('whorl_brakes_total', 'Stops that a brake held back', 'reason');
  readonly #durations = new Histogram({
    name: 'whorl_http_request_duration_seconds',
    help: 'Answers of the HTTP API; those without end are left out',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers: [this.#registry],
  });
  readonly #storeUp = this.#gauge('whorl_store_up', 'Whether the store answers');
  readonly #levels: Readonly<Record<keyof Levels, Counter | Gauge>> = {
    agentsConnected: this.#gauge('whorl_agents_connected', 'Agents that are connected'),
    recordsStored: this.#counter('whorl_records_stored_total', 'Records of agents that are stored'),
    recordsRefused: this.#counter('whorl_records_refused_total', 'Records of agents that are no reports'),
    recordsMissing: this.#counter('whorl_records_missing_total', 'Records that were lost before they came'),
    storeRetries: this.#counter('whorl_store_retries_total', 'Commits that failed and were tried again'),
    storeWaiting: this.#gauge('whorl_store_waiting', 'Questions that wait for the store'),
    reactionsWaiting: this.#gauge('whorl_reactions_waiting', 'Incidents that wait to be decided on'),
    reactionsDropped: this.#counter(
      'whorl_reactions_dropped_total',
      'Incidents given up because too many waited',
    ),
    eventFollowers: this.#gauge('whorl_event_followers', 'Who follows the events of the API'),
    auditEntries: this.#counter('whorl_audit_entries_total', 'Entries of the audit log'),
    auditMismatch: this.#gauge('whorl_audit_mismatch', 'Whether the audit log is not what it was'),
    auditSinksFailing: this.#gauge('whorl_audit_sinks_failing', 'Sinks that do not take checkpoints'),
    notifySinksFailing: this.#gauge('whorl_notify_sinks_failing', 'Sinks of notices whose delivery fails'),
    notifySinksStopped: this.#gauge('whorl_notify_sinks_stopped', 'Sinks of notices that are paused or gone'),
    notifyWaiting: this.#gauge('whorl_notify_waiting', 'Notices that wait for a sink'),
    notifyDead: this.#gauge('whorl_notify_dead', 'Notices given up until a person has them sent again'),
    notifyDropped: this.#counter(
      'whorl_notify_dropped_total',
      'Notices given up for good because too many waited',
    ),
  };

  constructor(log: Log) {
    this.#log = log;
    collectDefaultMetrics({ register: this.#registry });
    // Every series is there from the beginning: an alert on what never happened yet has something to look at.
    for (const severity of severities) this.#incidents.inc({ severity }, 0);
    for (const action of actions) this.#orders.inc({ action }, 0);
    for (const result of receiptResults) this.#receipts.inc({ result }, 0);
    for (const reason of brakeReasons) this.#brakes.inc({ reason }, 0);
  }

  incident(severity: (typeof severities)[number]): void {
    this.#incidents.inc({ severity });
  }

  order(action: (typeof actions)[number]): void {
    this.#orders.inc({ action });
  }

  receipt(result: (typeof receiptResults)[number]): void {
    this.#receipts.inc({ result });
  }

  brake(reason: BrakeReason): void {
    this.#brakes.inc({ reason });
  }

  answered({ method, route, status, ms, isStream }: Answered): void {
    if (isStream) return;
    const labels = {
      method: methods.includes(method) ? method : 'other',
      route,
      status: `${Math.floor(status / 100)}xx`,
    };
    this.#durations.observe(labels, ms / 1000);
  }

  /** @returns the address. @throws CollectorError */
  async listen(address: string, source: MetricsSource): Promise<string> {
    this.#server.on('request', (request, response) => void this.#answer(source, request, response));
    const at = address.lastIndexOf(':');
    try {
      this.#server.listen(Number(address.slice(at + 1)), address.slice(0, at).replace(/^\[(.*)\]$/, '$1'));
      await once(this.#server, 'listening');
    } catch (cause) {
      throw new CollectorError(
        cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
          ? 'port-in-use'
          : 'bad-address',
        `${address} cannot be listened on for metrics; choose another address with --set metricsListen=HOST:PORT, or none with --set metricsListen=`,
        { cause },
      );
    }
    // A TCP server that listens has an address of this form.
    const { port } = this.#server.address() as AddressInfo;
    return `${address.slice(0, at)}:${port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(source: MetricsSource, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const [status, type, body] = await this.#route(source, request);
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    } catch (err) {
      this.#log.error({ err }, 'metrics could not be told');
      response.writeHead(500).end();
    }
  }

  async #route(
    source: MetricsSource,
    { method, url }: IncomingMessage,
  ): Promise<readonly [number, string, string]> {
    const plain = 'text/plain; charset=utf-8';
    if (method !== 'GET') return [405, plain, 'GET alone\n'];
    switch (url?.split('?', 1)[0]) {
      case '/metrics':
        return [200, this.#registry.contentType, await this.#told(source)];
      case '/healthz':
        return [200, plain, 'ok\n'];
      case '/readyz':
        return (await source.ready()) ? [200, plain, 'ok\n'] : [503, plain, 'the store does not answer\n'];
      default:
        return [404, plain, '/metrics, /healthz, /readyz\n'];
    }
  }

  async #told(source: MetricsSource): Promise<string> {
    const levels = await source.levels().catch((err: unknown) => {
      this.#log.warn({ err }, 'the store could not be asked for metrics');
      return undefined;
    });
    this.#storeUp.set(levels === undefined ? 0 : 1);
    for (const [name, metric] of Object.entries(this.#levels)) {
      // Without the store the last values stay: a total that falls to nothing reads as a restart.
      const value = levels?.[name as keyof Levels];
      if (value === undefined) continue;
      metric.reset();
      metric.inc(value);
    }
    return this.#registry.metrics();
  }

  #counter<L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}
