// What a token says about its holder.
export interface User {
  sub: string;
  scope: string;
}
