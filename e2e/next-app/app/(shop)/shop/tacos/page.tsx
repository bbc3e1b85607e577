export default function Page() {
  return <h1>Tacos</h1>;
}
