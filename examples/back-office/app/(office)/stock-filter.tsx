import Form from "next/form";
import type { StockFilter } from "../../lib/stock.ts";
import type { Texts } from "../../lib/texts/texts.ts";

/**
 * The search field and filter above the list of items. Their values are in the URL, so that a link can share the
 * filtered list.
 */
export function StockFilterForm({
  w,
  filter,
  text,
}: {
  w: string | undefined;
  filter: StockFilter;
  text: Texts;
}) {
  return (
    <Form action="/" className="filter" role="search">
      {w && <input type="hidden" name="w" value={w} />}
      <input
        type="search"
        name="q"
        defaultValue={filter.text}
        placeholder={text.search}
        aria-label={text.search}
        aria-keyshortcuts="/"
      />
      <label className="check">
        <input type="checkbox" name="low" value="1" defaultChecked={filter.low} />
        {text.belowMinimumOnly}
      </label>
      <button type="submit">{text.apply}</button>
    </Form>
  );
}
