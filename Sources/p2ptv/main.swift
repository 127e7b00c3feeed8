print("p2ptv")
