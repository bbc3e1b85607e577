import { stopActing } from "../app/acting.ts";
import { getOffice } from "../lib/office.ts";
import { findName } from "../lib/people.ts";
import { sessions } from "../lib/sessions.ts";
import { texts } from "../lib/texts/texts.ts";

/**
 * Shows which administrator acts for which user in this session. When the time has expired, a button in the banner
 * leads back to the administrator's session. The page does not go back by itself, because the administrator may be
 * filling in a form for the user. After an automatic return they would send this form from their own session.
 */
export async function ActingBanner() {
  const session = await sessions.getServerSession();
  const { impersonation } = session;
  if (impersonation === null) return null;
  const { context, database } = getOffice();
  const nameOf = async (subject: string) => {
    const user = await context.of({ subject, tenant: null, data: {} }).user();
    // The context does not return disabled users.
    return user?.name ?? (await findName(database, subject)) ?? subject;
  };
  const { actor, subject, endsAt, hasEnded } = impersonation;
  const [language, actorName, userName] = await Promise.all([
    context.of(session).language(),
    nameOf(actor.subject),
    nameOf(subject),
  ]);
  const text = texts(language);
  const until = new Date(endsAt).toLocaleTimeString(language, { timeStyle: "short" });
  return (
    <section className="acting" aria-label={text.actTitle}>
      <p>
        <strong>{actorName}</strong> {hasEnded ? text.noLongerActsFor : text.isActingFor}{" "}
        <strong>{userName}</strong>
        {hasEnded ? "." : ` ${text.actingUntil} ${until}. ${text.actReason}: ${actor.reason}`}
        {!hasEnded && <small>{text.actLimits}</small>}
      </p>
      <form action={stopActing}>
        <button type="submit">{hasEnded ? text.returnToOwnAccount : text.stopActing}</button>
      </form>
    </section>
  );
}
