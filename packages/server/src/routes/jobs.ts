import { CoatcheckError } from "coatcheck";
import { z } from "zod";
import type { App } from "../fastify-app.ts";
import { isoTime, nullable } from "../fields.ts";
import type { JobStatus, Jobs } from "../jobs/jobs.ts";
import type { JobRun } from "../jobs/store/store.ts";
import { requireAdmin } from "../ownership.ts";
import { adminSecurity, failures, success } from "../schemas.ts";
import { successBody, toIso } from "../views.ts";
import type { RouteContext } from "./context.ts";

const tags = ["jobs"];

const jobName = z
  .string()
  .meta({ examples: ["sweep"] })
  .describe("The job's name.");

const jobRun = z
  .object({
    startedAt: isoTime.describe("When the run began."),
    duration: z
      .number()
      .int()
      .meta({ examples: [35] })
      .describe("Duration in milliseconds."),
    result: z
      .record(z.string(), z.number())
      .nullable()
      .meta({ examples: [{ deleted: 12 }] })
      .describe("The result of the run. Null if it failed."),
    error: z
      .string()
      .nullable()
      .meta({ examples: [null] })
      .describe("Why the run failed. Null if it did not."),
    node: z
      .string()
      .meta({ examples: ["host-1:4711"] })
      .describe("The host name and the process id of the node that ran the job."),
  })
  .meta({ id: "JobRun" })
  .describe("One run of a job.");

const job = z
  .object({
    name: jobName,
    description: z
      .string()
      .meta({ examples: ["Deletes sessions after their retention period."] })
      .describe("What the job does."),
    interval: z
      .number()
      .int()
      .nullable()
      .meta({ examples: [300_000] })
      .describe("Milliseconds between two runs. Null: only on request."),
    isRunning: z.boolean().describe("Whether a run is in progress on any node."),
    lastRun: jobRun.nullable().describe("The last run on any node. Null without one."),
    nextRunAt: nullable(isoTime).describe("When it runs next. Null: only on request."),
  })
  .meta({ id: "Job" })
  .describe("A job of the service.");

/** Adds the routes that list and run the service's jobs. */
export function jobRoutes(app: App, { authenticator, clock }: RouteContext, jobs: Jobs): void {
  app.get(
    "/api/v1/jobs",
    {
      schema: {
        operationId: "listJobs",
        summary: "List the service's jobs (admin)",
        description: "Shows the last run on any node. Each job runs on one node at a time.",
        tags,
        security: adminSecurity,
        response: { 200: success(z.object({ jobs: z.array(job).describe("The jobs.") })), ...failures },
      },
    },
    async (request) => {
      requireAdmin(await authenticator.authenticate(request));
      return successBody({ jobs: (await jobs.status()).map(viewOf) });
    },
  );

  app.post(
    "/api/v1/jobs/:name/run",
    {
      schema: {
        operationId: "runJob",
        summary: "Run a job now (admin)",
        description:
          "Responds when the run has ended. Joins the run in progress on this node, and responds 409 while another node runs the job. `dryRun` counts what `retention` would delete.",
        tags,
        security: adminSecurity,
        params: z.object({ name: jobName.max(64) }),
        querystring: z.strictObject({
          dryRun: z.literal("true").optional().describe("Counts, and changes nothing."),
        }),
        response: { 200: success(jobRun), ...failures },
      },
    },
    async (request) => {
      requireAdmin(await authenticator.authenticate(request));
      const { name } = request.params;
      const run = request.query.dryRun ? await runDry(jobs, name, clock.now()) : await jobs.run(name);
      if (run === null)
        throw new CoatcheckError(
          "SESSION_NOT_FOUND",
          "The job does not exist or has no dry run; GET /api/v1/jobs lists the jobs.",
        );
      return successBody(runOf(run));
    },
  );
}

async function runDry(jobs: Jobs, name: string, now: number): Promise<JobRun | null> {
  const began = performance.now();
  const result = await jobs.dryRun(name);
  const duration = Math.round(performance.now() - began);
  return result && { startedAt: now, duration, result, error: null, node: jobs.node };
}

function viewOf({ lastRun, nextRunAt, ...status }: JobStatus): z.output<typeof job> {
  return {
    ...status,
    lastRun: lastRun && runOf(lastRun),
    nextRunAt: nextRunAt === null ? null : toIso(nextRunAt),
  };
}

function runOf({ startedAt, ...run }: JobRun): z.output<typeof jobRun> {
  return { ...run, startedAt: toIso(startedAt), result: run.result && { ...run.result } };
}
