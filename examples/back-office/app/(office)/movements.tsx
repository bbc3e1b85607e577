import type { Movement } from "../../lib/stock.ts";
import type { Language, Texts } from "../../lib/texts/texts.ts";

interface Props {
  readonly movements: readonly Movement[];
  readonly text: Texts;
  readonly language: Language;
}

export function Movements({ movements, text, language }: Props) {
  return (
    <section aria-labelledby="movements" className="aside">
      <h2 id="movements">{text.movements}</h2>
      {movements.length === 0 && <p className="empty">{text.noMovements}</p>}
      <ol className="movements">
        {movements.map(({ id, item, user, actor, change, at }) => (
          <li key={id}>
            <span className={change < 0 ? "change minus" : "change"}>
              {change > 0 ? `+${change}` : `−${Math.abs(change)}`}
            </span>
            <span>
              {item}
              <small>
                {actor ? `${user} (${actor})` : user},{" "}
                {new Date(at).toLocaleString(language, { dateStyle: "short", timeStyle: "short" })}
              </small>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
