// Package network puts criminal organisations together from all that points to them: findings of payments, posters of
// adverts, escorts and payers of journeys, and what people and companies are to each other.
//
// Evidence says of one actor (a person, a company, or an account whose holder nobody tells) which role it points to, how
// strongly, and on what it stands. Ties say how strongly two actors belong together: money that matters to both, accounts and
// phones they share, journeys one pays for the other. Actors with evidence, and those whom strong ties bring in, form a graph
// in which communities are found; a community with enough evidence is a network. What many unrelated actors share (a taxi
// firm, a landlord, an employer) ties nobody: the strength of a tie falls with how many others have it.
//
// A victim is no member. Who only pays debts, whose wages are taken, who is advertised by others or is brought by an escort
// stands on the victims' side, whatever else their account shows.
package network
