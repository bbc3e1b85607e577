import type { RollupDimension } from "../../sink/rollup-schema.ts";
import type { Dimension } from "../dimensions.ts";

/** The column of each dimension in the table of visits. The rollups use the same name. */
export const DIMENSION_COLUMNS = {
  page: "page",
  entryPage: "entry_page",
  exitPage: "exit_page",
  channel: "last_channel",
  source: "last_source",
  medium: "last_medium",
  campaign: "last_campaign",
  entryChannel: "channel",
  entrySource: "source",
  entryMedium: "medium",
  entryCampaign: "campaign",
  firstTouchChannel: "first_channel",
  firstTouchSource: "first_source",
  firstTouchMedium: "first_medium",
  firstTouchCampaign: "first_campaign",
  referrer: "referrer",
  country: "country",
  device: "device",
  browser: "browser",
  os: "os",
} as const satisfies Record<Dimension, RollupDimension>;
