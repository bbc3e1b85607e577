import { describe } from "vitest";
import { testOutage } from "./outage-suite.ts";

describe("IngestQueue during an outage of one minute", () => testOutage(1000));
