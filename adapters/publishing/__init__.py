"""How an adapter made elsewhere comes into a folder of ours."""
