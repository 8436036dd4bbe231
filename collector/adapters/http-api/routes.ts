import type { ApiServices } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { describe } from './openapi.ts';
import { accessRoutes } from './routes-access.ts';
import { auditRoutes } from './routes-audit.ts';
import { documentRoutes } from './routes-documents.ts';
import { eventRoutes } from './routes-events.ts';
import { healthRoutes } from './routes-health.ts';
import { incidentRoutes } from './routes-incidents.ts';
import { notifyRoutes } from './routes-notify.ts';
import { policyRoutes } from './routes-policy.ts';
import { responsePolicyRoutes } from './routes-response-policy.ts';
import { statusRoutes } from './routes-status.ts';
import { tokenRoutes } from './routes-tokens.ts';
import { workloadRoutes } from './routes-workloads.ts';

/** Every resource: one file and one line here. */
const resources: readonly ((app: App, services: ApiServices, tools: Tools) => void)[] = [
  healthRoutes,
  accessRoutes,
  tokenRoutes,
  statusRoutes,
  workloadRoutes,
  incidentRoutes,
  documentRoutes,
  policyRoutes,
  responsePolicyRoutes,
  auditRoutes,
  notifyRoutes,
  eventRoutes,
];

export async function addRoutes(app: App, services: ApiServices, tools: Tools): Promise<void> {
  await describe(app);
  for (const add of resources) add(app, services, tools);
}
