import { connection } from "next/server";
import { probe } from "../../../lib/probe.ts";

export async function GET() {
  await connection();
  return Response.json(probe);
}
