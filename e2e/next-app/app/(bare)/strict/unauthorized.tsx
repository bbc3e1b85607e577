export default function Unauthorized() {
  return <p>Please log in.</p>;
}
